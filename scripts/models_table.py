#!/usr/bin/env python3
"""Makes crates/core/src/catalog/models/models.tsv from a JSON list of models.

    scripts/models_table.py MODELS.json > crates/core/src/catalog/models/models.tsv

The JSON: {"_meta": {"generated": DATE}, "providers": {id: {"models": {id: {ctx, in, out, p: {i, o, cr, cw},
tiers: [{over, i, o, cr}], caps, prefill, sampling, efforts, budget, st, asof}}}}}, prices in USD per million tokens.

The table: one line a model, sorted by bytes of the first column, columns divided by tabs, empty means unknown:

 0 key        provider/model
 1 input      USD per million tokens
 2 output
 3 cache read
 4 cache write
 5 tier       over:input:output:cache read; the whole request moves to it
 6 context    tokens that fit prompt and answer together
 7 max input  when smaller than the context
 8 max output
 9 caps       v vision, p pdf, a audio, t tools, s json schema, r reasons, o reasons only when asked to
10 prefill    y, n
11 sampling   n: temperature and top_p are refused; w: taken only while it does not reason
12 efforts    digits: none 0, minimal 1, low 2, medium 3, high 4, xhigh 5, max 6; - none of them, empty unknown
13 thinking   how effort is said in Anthropic's protocol: b budget, e effort, a adaptive and effort
14 status     b alpha or beta, d deprecated, r retired
15 as of      date of the price when newer than the table
16 budget     least:most tokens to think with, of models that take no level; `:off` when thinking can be off
17 chat tools n: tools are taken by Responses only; w: in chat completions too, while it does not reason
"""
import json
import re
import sys

EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh", "max"]
CAPS = {"vision": "v", "pdf": "p", "audio": "a", "tools": "t", "json_schema": "s"}
STATUS = {"alpha": "b", "beta": "b", "deprecated": "d", "retired": "r"}
RENAMED = {"github-models": "github", "perplexity-agent": "perplexity"}
RETIRED = {"perplexity"}  # an API that is gone; its successor has its name
DATE = re.compile(r"-(\d{4}-\d\d-\d\d|20\d{6})$")


def number(value):
    return "" if value is None else f"{value:.10f}".rstrip("0").rstrip(".")


def family(name):
    """(reasons: no | asked | yes, sampling: "" | w | n) of an OpenAI model, None for others.

    From the OpenAI API reference and live checks of 2026-07: gpt-5-chat does not reason; 5.1 to 5.4 reason only
    when asked to and take sampling parameters until then; 5.5, 5.6, 6-sol, 6-luna and 6.1-terra reason unless
    effort is none; the rest always reasons.
    """
    if re.match(r"gpt-5-chat", name):
        return "no", ""
    if re.match(r"o[134](-|$)", name):
        return "yes", "n"
    version = re.match(r"gpt-([56](?:\.\d)?)(?:-|$)", name)
    if not version:
        return None
    variant = name[version.end():]
    if re.search(r"chat|pro|codex", variant):
        return "yes", "n"
    if version[1] in ("5.1", "5.2", "5.3", "5.4"):
        return "asked", "w"
    if version[1] in ("5.5", "5.6") or (version[1], variant) in (("6", "sol"), ("6", "luna"), ("6.1", "terra")):
        return "yes", "w"
    return "yes", "n"


def price(model_id, model):
    p = model.get("p") or {}
    # A 0 in a list is "free" only where the name says so; else nobody knows.
    if "i" not in p or "o" not in p or (p["i"] == 0 and not model_id.endswith(":free")):
        return ["", "", "", "", ""]
    tier = (model.get("tiers") or [None])[0]
    if tier:
        tier = ":".join([str(tier["over"])] + [number(tier.get(k)) for k in ("i", "o", "cr")])
    return [number(p["i"]), number(p["o"]), number(p.get("cr")), number(p.get("cw")), tier or ""]


def caps(provider, model_id, model, reasons):
    has = model.get("caps", [])
    letters = "".join(letter for cap, letter in CAPS.items() if cap in has)
    if provider == "anthropic" and re.match(r"claude-(3|4|(opus|sonnet)-4-([01]|2\d{7}))", model_id):
        letters = letters.replace("s", "")  # structured output came with 4.5
    if reasons:
        return letters + {"no": "", "asked": "o", "yes": "r"}[reasons]
    return letters + ("r" if "reasoning" in has else "")


def thinking(model_id, model):
    if "claude" not in model_id:
        return ""
    efforts = model.get("efforts") or []
    if efforts:
        return "a" if "max" in efforts else "e"
    return "b" if "reasoning" in model.get("caps", []) else ""


def budget(model_id, model, siblings):
    """Of Gemini 2.5 only, in its own protocol: what came later takes a level."""
    if not model_id.startswith("gemini-"):
        return ""
    base = siblings.get(re.sub(r"-preview-.*$", "", model_id), {})
    least, most = model.get("budget") or base.get("budget") or (None, None)
    if most is None or model.get("efforts"):
        return ""
    off = model.get("toggle", base.get("toggle"))
    return f"{least}:{most}" + (":off" if off else "")


def claude(model_id):
    """The model's own name, out of the names that clouds and gateways give it; None for others."""
    name = re.search(r"claude-[a-z0-9.-]+", model_id)
    if not name:
        return None
    return re.sub(r"-v\d+$", "", DATE.sub("", re.sub(r"-v\d+$", "", name[0].replace(".", "-"))))


def chat_tools(provider, name):
    """From gpt-6 on, at their maker's and in its cloud: others translate (OpenAI API reference, errors)."""
    if provider not in ("openai", "azure") or not name.startswith("gpt-6"):
        return ""
    return "w" if re.fullmatch(r"gpt-6-(sol|luna)|gpt-6\.1-terra", name) else "n"


def line(provider, model_id, model, siblings, maker):
    base = siblings.get(DATE.sub("", model_id), {})
    model = {**{k: base[k] for k in ("efforts", "sampling", "budget") if k in base}, **model}
    own = maker.get(claude(model_id), {})
    if "reasoning" in model.get("caps", []):  # lists of others leave out what the maker's has
        model = {**{k: own[k] for k in ("efforts", "sampling") if k in own}, **model}
    if base.get("in") and model.get("ctx") == base["in"]:
        model = {**model, "ctx": base["ctx"], "in": base["in"]}  # a list that took the largest input for the window
    reasons, sampling = family(DATE.sub("", model_id.rsplit("/", 1)[-1])) or (None, "")
    if "claude" in model_id and "reasoning" in model.get("caps", []):
        always = re.search(r"fable|mythos|-5-5", model_id)
        reasons = "yes" if always else "asked"
    if reasons is None or "claude" in model_id:
        sampling = "n" if model.get("sampling") is False else ""
    prefill = {True: "y", False: "n", None: ""}[model.get("prefill")]
    efforts = "".join(str(EFFORTS.index(e)) for e in model.get("efforts") or [] if e in EFFORTS)
    if provider == "mistral" and model_id.startswith("magistral"):
        efforts = "-"  # they are told to reason by `prompt_mode`
    text = lambda key: str(int(model[key])) if model.get(key) else ""
    return [
        f"{RENAMED.get(provider, provider)}/{model_id}", *price(model_id, model), text("ctx"), text("in"), text("out"),
        caps(provider, model_id, model, reasons), prefill, sampling, efforts, thinking(model_id, model),
        STATUS.get(model.get("st"), ""), model.get("asof", ""),
        budget(model_id, model, siblings),
        chat_tools(provider, DATE.sub("", model_id)),
    ]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        data = json.load(file)
    maker = data["providers"]["anthropic"]["models"]
    lines = [
        "\t".join(line(provider, model_id, model, row["models"], maker)).rstrip("\t")
        for provider, row in data["providers"].items()
        if provider not in RETIRED
        for model_id, model in row["models"].items()
    ]
    print(f"# as of {data['_meta']['generated']}; made by scripts/models_table.py, which tells the columns")
    print("\n".join(sorted(lines, key=str.encode)))


main()
