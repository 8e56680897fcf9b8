#!/usr/bin/env python3
"""Makes crates/core/src/catalog/models/models.tsv; `scripts/models-table` runs it with the packages that it needs.

A price is the one that most sources have, or else that of the newest. Other facts are the newest that a source has.
scripts/models/corrections.toml comes last.

The table: one line a model, sorted by bytes of the first column, columns divided by tabs, empty means unknown:

 0 key        provider/model
 1 input      USD per million tokens
 2 output
 3 cache read
 4 cache write (kept for 5 minutes)
 5 tier       over:input:output:cache read:cache write:cache write 1 h; the whole request moves to it
 6 context    tokens that fit prompt and answer together
 7 max input  when smaller than the context
 8 max output
 9 caps       v vision, p pdf, a audio, t tools, s json schema, r reasons, o reasons only when asked to
10 prefill    y, n
11 sampling   n: temperature and top_p are refused; w: taken only while it does not reason
12 efforts    digits: none 0, minimal 1, low 2, medium 3, high 4, xhigh 5, max 6; - none of them, empty unknown
13 thinking   how effort is said: Anthropic's b budget, e effort, a adaptive and effort, t the same where `none` is said
              as `between_tools`; of others at Bedrock f `reasoning_effort`, r `reasoning`, q `reasoning_config`,
              n `reasoningConfig`
14 status     b alpha or beta, d deprecated, r retired
15 as of      date of the price when newer than the table
16 budget     least:most tokens to think with, of models that take no level; `:off` when thinking can be off
17 chat tools n: tools are taken by Responses only; w: in chat completions too, while it does not reason; e: in chat
              completions too, without an effort
18 1 h write  cache write that is kept for an hour
19 shutdown   the date
20 successor  the model to use instead
"""
import fnmatch
import pathlib
import re
import sys
import tomllib

sys.path.insert(0, str(pathlib.Path(__file__).with_name("models")))
import sources  # noqa: E402

TABLE = pathlib.Path(__file__).parent.parent / "crates/core/src/catalog/models/models.tsv"
EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh", "max"]
CAPS = {"vision": "v", "pdf": "p", "audio": "a", "tools": "t", "json_schema": "s"}
STATUS = {"alpha": "b", "beta": "b", "deprecated": "d", "retired": "r"}
DATE = re.compile(r"-(\d{4}-\d\d-\d\d|20\d{6})$")


def number(value):
    return "" if value is None else f"{value:.10f}".rstrip("0").rstrip(".")


def bare(name):
    """The model's own name, without date and publisher."""
    return DATE.sub("", name.rsplit("/", 1)[-1])


def claude(name):
    """The name at Anthropic, out of the names that clouds and gateways give it; None for others."""
    found = re.search(r"claude-[a-z0-9.-]+", name)
    return found and re.sub(r"-v\d+$", "", DATE.sub("", re.sub(r"-v\d+$", "", found[0].replace(".", "-"))))


def openai_family(name):
    """(reasons: no | asked | yes, sampling: "" | w | n, efforts or None) of an OpenAI model, None for others."""
    from pydantic_ai.profiles.openai import openai_model_profile

    if not re.match(r"(gpt-[56](\.\d)?|o[134])(-|$)", name):
        return None
    profile = openai_model_profile(name)
    if not profile.get("supports_thinking"):
        # A later version that the profiles do not name refuses what its relatives refuse.
        return ("yes", "n", None) if name.startswith("gpt-6") else ("no", "", [])
    pinned = profile.get("openai_reasoning_efforts")
    if profile.get("thinking_always_enabled"):
        return "yes", "n", pinned
    if re.search(r"codex", name):
        return "yes", "n", pinned
    return ("yes" if profile.get("thinking_enabled_by_default") else "asked"), "w", pinned


def price(key, votes, report):
    """The row whose price counts, and its date when it is newer than the table's sources."""
    known = [(source, row) for source, row in votes if "i" in row["price"] and "o" in row["price"]]
    # A 0 in a list is "free" only where the name says so.
    known = [(source, row) for source, row in known if row["price"]["i"] or key.endswith(":free")]
    if not known:
        return None
    pairs = {}
    for source, row in known:
        pairs.setdefault((row["price"]["i"], row["price"]["o"]), []).append((date_of(source, row), source, row))
    best = max(pairs, key=lambda pair: (len(pairs[pair]), max(vote[0] for vote in pairs[pair])))
    if len(pairs) > 1:
        said = "; ".join(f"{'+'.join(vote[1] for vote in votes)} {i:g}/{o:g}" for (i, o), votes in pairs.items())
        report.append(f"{key}: {said}; taken {best[0]:g}/{best[1]:g}")
    agreeing = [vote[2] for vote in sorted(pairs[best], key=lambda vote: vote[:2], reverse=True)]
    merged = {field: next((row["price"][field] for row in agreeing if field in row["price"]), None)
              for field in ("i", "o", "cr", "cw", "cw1h")}
    tier = next((row["tier"] for row in agreeing if row.get("tier")), None)
    asof = max((row["asof"] for row in agreeing if row.get("asof")), default="")
    return {"price": merged, "tier": tier, "asof": asof}


def date_of(source, row):
    return max(sources.DATES[source], row.get("asof") or "", row.get("since") or "")


def price_columns(found):
    if not found:
        return ["", "", "", "", ""], ""
    p, tier = found["price"], found["tier"]
    if tier and tier.get("i") is None:
        tier = None
    if tier:
        fields = [str(int(tier["over"]))] + [number(tier.get(k)) for k in ("i", "o", "cr", "cw", "cw1h")]
        tier = ":".join(fields).rstrip(":")
        tier += ":" * max(0, 3 - tier.count(":"))
    return [number(p["i"]), number(p["o"]), number(p["cr"]), number(p["cw"]), tier or ""], number(p["cw1h"])


def efforts_of(row, lite, pinned):
    if pinned is not None:
        return pinned
    if lite.get("efforts"):
        return lite["efforts"]
    flags = lite.get("flags") or {}
    levels = set(row.get("efforts") or (["low", "medium", "high"] if any(flags.values()) else []))
    if levels:
        levels |= {name for name, taken in flags.items() if taken}
        levels -= {name for name, taken in flags.items() if not taken}
    return levels


def merge(key, row, lite, report, gen):
    """One model out of its rows in the snapshot, litellm and genai-prices."""
    votes = [(source, found) for source, found in (("snapshot", row), ("litellm", lite), ("genai-prices", gen)) if found]
    row, lite = row or {"caps": set()}, lite or {"caps": set()}
    newest = lambda field: lite.get(field) if lite.get(field) is not None else row.get(field)
    merged = {
        **row,
        "priced": price(key, votes, report),
        "caps": (row["caps"] | lite["caps"]) - lite.get("not_caps", set()),
        "ctx": row.get("ctx") or (gen or {}).get("ctx") or lite.get("in"),
        "in": row.get("in"),
        "out": row.get("out") or lite.get("out"),
        "prefill": row.get("prefill") if row.get("prefill") is not None else lite.get("prefill"),
        "sampling": False if False in (row.get("sampling"), lite.get("sampling")) else None,
        "shutdown": newest("shutdown"),
        "successor": newest("successor"),
        "lite": lite,
    }
    if row.get("ctx") and lite.get("in") and lite["in"] > row["ctx"]:
        merged["ctx"] = lite["in"]
    return merged


def claude_facts(provider, model):
    from pydantic_ai.profiles.anthropic import anthropic_model_profile

    profile = anthropic_model_profile(claude(model["name"]))
    efforts = []
    if not model["caps"] and profile.get("supports_json_schema_output"):
        model["caps"] = {"vision", "pdf", "tools", "json_schema", "reasoning"}  # a price list alone knows it
    if not profile.get("supports_thinking") and "reasoning" not in model["caps"]:
        return {"reasons": "no", "efforts": [], "thinking": "", "sampling": None}
    if profile.get("anthropic_supports_effort"):
        efforts = ["low", "medium", "high"]
        efforts += ["xhigh"] if profile.get("anthropic_supports_xhigh_effort") else []
        efforts += ["max"] if profile.get("anthropic_supports_max_effort", True) else []
    default = profile.get("thinking_enabled_by_default") or profile.get("thinking_always_enabled")
    if efforts and default and not profile.get("thinking_always_enabled"):
        efforts = ["none", *efforts]
    thinking = "b"
    if profile.get("anthropic_supports_adaptive_thinking"):
        thinking = "t" if profile.get("anthropic_disables_thinking_with_between_tools") else "a"
    elif efforts:
        thinking = "e"
    if thinking == "b":
        efforts = []
    facts = {"reasons": "yes" if default else "asked", "efforts": efforts, "thinking": thinking}
    facts["sampling"] = False if profile.get("anthropic_disallows_sampling_settings") else None
    if profile.get("anthropic_max_output_tokens"):
        facts["out"] = profile["anthropic_max_output_tokens"]
    return facts


def bedrock_facts(name):
    """The form and levels of effort of models that are not Claude (pydantic-ai, providers/bedrock.py)."""
    for pattern, form, efforts in (
        (r"amazon\.nova-2", "n", ["low", "medium", "high"]),
        (r"openai\.gpt-oss", "f", ["low", "medium", "high"]),
        (r"openai\.gpt-", "r", ["none", "low", "medium", "high", "xhigh"]),
        (r"deepseek\.v", "f", ["none", "high"]),
        (r"qwen\.", "q", ["none", "low", "high"]),
        (r"xai\.", "r", ["low", "medium", "high", "xhigh"]),
        (r"zai\.glm-5\.[3-9]", "f", ["low", "medium", "high", "xhigh", "max"]),
        (r"zai\.", "f", ["none", "high"]),
    ):
        if re.search(pattern, name):
            return form, efforts
    return "", []


def chat_tools(provider, name):
    """Where a model of OpenAI takes tools, at its maker's and in its cloud: others translate."""
    if provider not in ("openai", "azure"):
        return ""
    if re.match(r"gpt-6", name):
        return "w" if re.fullmatch(r"gpt-6-(sol|luna)|gpt-6\.1-terra", name) else "n"
    return "e" if re.match(r"gpt-5\.[56]", name) else ""


def facts(provider, name, model):
    """Fills in what follows from the family of the model."""
    model = {**model, "name": name}
    short = bare(name)
    reasons, sampling, pinned = openai_family(short) or (None, "", None)
    efforts = efforts_of(model, model["lite"], pinned)
    if reasons is None:
        reasons = "yes" if "reasoning" in model["caps"] else "no"
        sampling = "n" if model["sampling"] is False else ""
    model.update(thinking="", chat=chat_tools(provider, short))
    if claude(name):
        found = claude_facts(provider, model)
        reasons, efforts, model["thinking"] = found["reasons"], found["efforts"], found["thinking"]
        sampling = "n" if found["sampling"] is False else ""
        model["out"] = found.get("out") or model["out"]
        if provider in ("anthropic", "vertex-anthropic") and re.match(
            r"claude-(3|4|(opus|sonnet)-4-([01]|2\d{7})|(opus|sonnet)-4@)", name
        ):
            model["caps"] = model["caps"] - {"json_schema"}  # structured output came with 4.5
    elif provider == "bedrock":
        model["thinking"], efforts = bedrock_facts(name)
        model["none"] = not efforts and reasons != "no"
        if not model["lite"].get("native_schema"):
            model["caps"] = model["caps"] - {"json_schema"}
    model.update(reasons=reasons, sampling_column=sampling, efforts=efforts)
    return model


def budget(provider, name, model, rows):
    """Of Gemini 2.5 only, in its own protocol: what came later takes a level."""
    if not name.startswith("gemini-"):
        return ""
    base = rows.get((provider, re.sub(r"-preview-.*$", "", name)), {})
    least, most = model.get("budget") or base.get("budget") or (None, None)
    if most is None or model.get("efforts"):
        return ""
    return f"{least}:{most}" + (":off" if model.get("toggle", base.get("toggle")) else "")


def status(model, as_of):
    if model.get("shutdown") and model["shutdown"] <= as_of:
        return "r"
    soon = model.get("shutdown") and model["shutdown"][:4] <= str(int(as_of[:4]) + 1)
    return STATUS.get(model.get("st"), "d" if soon else "")


def line(key, model, rows, as_of):
    provider, name = key
    prices, hour = price_columns(model["priced"])
    letters = "".join(letter for cap, letter in CAPS.items() if cap in model["caps"])
    letters += {"no": "", "asked": "o", "yes": "r"}[model["reasons"]]
    efforts = "".join(sorted(str(EFFORTS.index(e)) for e in model["efforts"] if e in EFFORTS))
    if model["reasons"] == "no":
        efforts = ""
    elif model.get("none"):
        efforts = "-"
    text = lambda field: str(int(model[field])) if model.get(field) else ""
    return [
        f"{provider}/{name}", *prices, text("ctx"), text("in"), text("out"), letters,
        {True: "y", False: "n", None: ""}[model.get("prefill")], model["sampling_column"], efforts, model["thinking"],
        status(model, as_of), (model["priced"] or {}).get("asof", ""), budget(provider, name, model, rows),
        model["chat"], hour, model.get("shutdown") or "", successor(provider, model, rows),
    ]


def successor(provider, model, rows):
    """Only a model of the table."""
    name = (model.get("successor") or "").removeprefix(f"{provider}/")
    return name if (provider, name) in rows else ""


def corrected(key, model, corrections):
    name = "/".join(key)
    for entry in corrections:
        if not any(fnmatch.fnmatchcase(name, pattern) for pattern in entry["models"]):
            continue
        change = entry["set"]
        model = dict(model)
        for field in ("reasons", "efforts", "thinking", "chat", "shutdown", "successor", "ctx", "out", "st"):
            if field in change:
                model[field] = change[field]
        if "efforts" in change:
            model["none"] = not change["efforts"]
        if "sampling" in change:
            model["sampling_column"] = {"refused": "n", "taken": ""}[change["sampling"]]
        model["caps"] = (model["caps"] | set(change.get("add", []))) - set(change.get("remove", []))
        if "price" in change:
            i, o, *cache = change["price"]
            fields = {"i": i, "o": o, "cr": None, "cw": None, "cw1h": None}
            fields.update(zip(("cr", "cw", "cw1h"), cache))
            tier = (model["priced"] or {}).get("tier")
            model["priced"] = {"price": fields, "tier": tier, "asof": ""}
    return model


def main():
    as_of, snapshot = sources.snapshot()
    lite = sources.litellm()
    price_of, new = sources.genai(as_of)
    with open(pathlib.Path(__file__).with_name("models") / "corrections.toml", "rb") as file:
        corrections = tomllib.load(file)
    rows, report = {}, []
    for key in sorted({*snapshot, *lite, *new}):
        provider, name = key
        gen = new.get(key) or (price_of(provider, name) if provider in sources.GENAI else None)
        if key not in snapshot and not (lite.get(key) or gen)["price"].get("i"):
            continue
        row = facts(provider, name, merge("/".join(key), snapshot.get(key), lite.get(key), report, gen))
        rows[key] = row
    rows = {key: corrected(key, row, corrections["correction"]) for key, row in rows.items()}
    lines = ["\t".join(line(key, row, rows, as_of)).rstrip("\t") for key, row in rows.items()]
    head = f"# as of {as_of}; made by scripts/models_table.py, which tells the columns"
    text = "\n".join([head, *sorted(lines, key=lambda row: row.split("\t")[0].encode())]) + "\n"
    finish(text, report, sys.argv[1:])


def finish(text, report, arguments):
    if arguments == ["--check"]:
        current = TABLE.read_text(encoding="utf-8")
        if current != text:
            old, new = set(current.splitlines()), set(text.splitlines())
            for entry in sorted(old ^ new)[:20]:
                print(("file:   " if entry in old else "script: ") + entry)
            sys.exit(f"{TABLE.name} is not what the script makes\nhint: scripts/models-table --update")
    elif arguments == ["--update"]:
        TABLE.write_text(text, encoding="utf-8")
        print(f"the sources disagree on {len(report)} prices:", *report, sep="\n")
    elif arguments:
        sys.exit("usage: models-table [--check | --update]")
    else:
        sys.stdout.write(text)
        print(f"the sources disagree on {len(report)} prices", file=sys.stderr)


main()
