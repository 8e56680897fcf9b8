"""Reads the sources of the model table: three packages, and a snapshot of models.dev and of vendors' tables.

Every source gives rows in one form: {"price": {i, o, cr, cw, cw1h}, "tier": {over, i, o, cr, cw, cw1h}, "caps": set,
"ctx", "in", "out", "efforts", "sampling", "shutdown", "successor", …}; prices in USD per million tokens.
"""
import datetime
import importlib.util
import json
import pathlib
import re

# The newest date that the data of a source names; it decides between sources that disagree. Each row of the snapshot
# may be newer than the snapshot.
DATES = {"genai-prices": "2026-11-04", "litellm": "2026-11-19", "snapshot": "2026-08-01"}

# Our provider: the values of `litellm_provider`, and the prefix of its keys.
LITELLM = {
    "openai": (("openai",), ""),
    "anthropic": (("anthropic",), ""),
    "gemini": (("gemini",), "gemini/"),
    "vertex": (("vertex_ai-language-models", "vertex_ai"), "vertex_ai/"),
    "vertex-anthropic": (("vertex_ai-anthropic_models",), "vertex_ai/"),
    "azure": (("azure",), "azure/"),
    "bedrock": (("bedrock", "bedrock_converse"), ""),
    "cohere": (("cohere_chat",), ""),
    "mistral": (("mistral",), "mistral/"),
    "groq": (("groq",), "groq/"),
    "deepseek": (("deepseek",), "deepseek/"),
    "xai": (("xai",), "xai/"),
    "together": (("together_ai",), "together_ai/"),
    "fireworks": (("fireworks_ai",), "fireworks_ai/"),
    "perplexity": (("perplexity",), "perplexity/"),
    "cerebras": (("cerebras",), "cerebras/"),
    "moonshot": (("moonshot",), "moonshot/"),
    "zai": (("zai",), "zai/"),
    "alibaba": (("dashscope",), "dashscope/"),
    "minimax": (("minimax",), "minimax/"),
    "deepinfra": (("deepinfra",), "deepinfra/"),
    "nebius": (("nebius",), "nebius/"),
    "novita": (("novita",), "novita/"),
    "baseten": (("baseten",), "baseten/"),
    "sambanova": (("sambanova",), "sambanova/"),
    "ovhcloud": (("ovhcloud",), "ovhcloud/"),
    "cloudflare": (("cloudflare",), "cloudflare/"),
    "databricks": (("databricks",), "databricks/"),
    "snowflake": (("snowflake",), "snowflake/"),
    "friendli": (("friendliai",), "friendliai/"),
    "wandb": (("wandb",), "wandb/"),
    "vercel": (("vercel_ai_gateway",), "vercel_ai_gateway/"),
}

# Keys of litellm that are not names of models at the provider: regions, price variants, fine tuning, short forms.
NOT_A_NAME = {
    "openai": r"^(openai/|ft:|container|us/|eu/)|search|audio|realtime|transcribe|tts|image|deep-research",
    "azure": r"^(us|eu|global|global-standard|ft|sora)[/-]|/|audio|realtime|transcribe|tts|image|deep-research",
    "bedrock": r"/",
    "gemini": r"/|image|tts|live|audio|embedding|lyria|veo|imagen|robotics|computer-use",
    "vertex": r"/|image|tts|live|audio|embedding|lyria|veo|imagen|robotics|computer-use",
    "deepseek": r"/",
    "cohere": r"/",
    "fireworks": r"^(?!accounts/)",
    "perplexity": r"^[^/]*$|^perplexity/preset",
}

# Our provider: the one of genai-prices.
GENAI = {
    "openai": "openai", "anthropic": "anthropic", "vertex-anthropic": "anthropic", "gemini": "google",
    "vertex": "google", "azure": "azure", "bedrock": "aws", "deepseek": "deepseek", "mistral": "mistral",
    "xai": "x-ai", "moonshot": "moonshotai", "zai": "zai", "cohere": "cohere", "groq": "groq", "together": "together",
    "openrouter": "openrouter", "novita": "novita", "minimax": "minimax", "cerebras": "cerebras",
}

# Providers with current models that only genai-prices has, and the names of these.
GENAI_NEW = {"anthropic": r"claude-[a-z]+-[5-9]", "moonshot": r"kimi-"}

CAPS = {
    "vision": "supports_vision", "pdf": "supports_pdf_input", "audio": "supports_audio_input",
    "tools": "supports_function_calling", "json_schema": "supports_response_schema", "reasoning": "supports_reasoning",
}


def million(value):
    return None if not value else round(float(value) * 1e6, 10)


def snapshot():
    path = pathlib.Path(__file__).with_name("snapshot.json")
    data = json.loads(path.read_text(encoding="utf-8"))
    rows = {}
    for provider, models in data["providers"].items():
        for name, model in models.items():
            price = {key: value for key, value in model.get("p", {}).items() if value or key in ("i", "o")}
            tier = (model.get("tiers") or [None])[0]
            row = {**model, "price": price, "tier": tier, "caps": set(model.get("caps", [])), "shutdown": model.get("dep")}
            rows[(provider, name)] = row
    return data["as_of"], rows


def litellm():
    package = importlib.util.find_spec("litellm").submodule_search_locations[0]
    path = pathlib.Path(package, "model_prices_and_context_window_backup.json")
    data = json.loads(path.read_text(encoding="utf-8"))
    rows = {}
    for provider, (theirs, prefix) in LITELLM.items():
        for key, model in data.items():
            if model.get("litellm_provider") not in theirs or model.get("mode") not in ("chat", "responses"):
                continue
            # Some keys of the first parties stand without the prefix too.
            name = key.removeprefix(prefix)
            if re.search(NOT_A_NAME.get(provider, r"^$"), name):
                continue
            row = litellm_row(model)
            if (provider, name) not in rows or key.startswith(prefix):
                rows[(provider, name)] = row
    return rows


def litellm_row(model):
    fields = {
        "i": "input_cost_per_token", "o": "output_cost_per_token", "cr": "cache_read_input_token_cost",
        "cw": "cache_creation_input_token_cost", "cw1h": "cache_creation_input_token_cost_above_1hr",
    }
    price = {key: million(model.get(field)) for key, field in fields.items()}
    bounds = [re.fullmatch(r"input_cost_per_token_above_(\d+)k_tokens", key) for key in model]
    bounds = sorted(int(found[1]) for found in bounds if found)
    tier = None
    if bounds:
        suffix = f"_above_{bounds[0]}k_tokens"
        tier = {key: million(model.get(field + suffix)) for key, field in fields.items()}
        tier["over"] = bounds[0] * 1000
    flags = {name: model[f"supports_{name}_reasoning_effort"] for name in ("none", "minimal", "xhigh", "max")
             if f"supports_{name}_reasoning_effort" in model}
    return {
        "price": {key: value for key, value in price.items() if value is not None},
        "tier": tier,
        "caps": {cap for cap, field in CAPS.items() if model.get(field)},
        "not_caps": {cap for cap, field in CAPS.items() if model.get(field) is False},
        "in": model.get("max_input_tokens"),
        "out": model.get("max_output_tokens"),
        "prefill": model.get("supports_assistant_prefill"),
        "sampling": model.get("supports_sampling_params"),
        "efforts": model.get("reasoning_effort_levels"),
        "flags": flags,
        "native_schema": bool(model.get("supports_bedrock_native_structured_output")
                              or model.get("supports_native_structured_output")),
        "shutdown": model.get("deprecation_date"),
        "successor": model.get("successor_model"),
    }


def genai(as_of):
    from genai_prices.data import providers

    by_id = {provider.id: provider for provider in providers}
    day = datetime.date.fromisoformat(as_of)

    def price_of(provider, name):
        theirs = by_id[GENAI[provider]]
        for candidate in names_at_maker(name):
            for model in theirs.models:
                if model.is_match(candidate):
                    return genai_row(model, day)
        return None

    new = {}
    for provider, names in GENAI_NEW.items():
        for model in by_id[GENAI[provider]].models:
            equal = [getattr(clause, "equals", None) for clause in getattr(model.match, "or_", [model.match])]
            if model.id in equal and re.match(names, model.id):
                new[(provider, model.id)] = genai_row(model, day)
    return price_of, {key: row for key, row in new.items() if row}


def names_at_maker(name):
    yield name
    short = re.sub(r"@.*$", "", name)
    if short != name:
        yield short


def genai_row(model, day):
    prices, since = model.prices, None
    if isinstance(prices, list):
        current = None
        for conditional in prices:
            start = getattr(conditional.constraint, "start_date", None)
            if conditional.constraint is None or (start is not None and start <= day):
                current, since = conditional.prices, start
        prices = current
    if prices is None or prices.input_mtok is None or prices.output_mtok is None:
        return None
    fields = {"i": "input_mtok", "o": "output_mtok", "cr": "cache_read_mtok", "cw": "cache_write_mtok",
              "cw1h": "cache_write_1h_mtok"}
    price, tier = {}, {}
    for key, field in fields.items():
        value = getattr(prices, field, None)
        if value is None:
            continue
        if hasattr(value, "base"):
            price[key] = float(value.base)
            if value.tiers:
                tier["over"] = value.tiers[0].start
                tier[key] = float(value.tiers[0].price)
        else:
            price[key] = float(value)
    price = {key: value for key, value in price.items() if value or key in ("i", "o")}
    return {"price": price, "tier": tier or None, "caps": set(), "ctx": model.context_window,
            "since": since.isoformat() if since else None}
