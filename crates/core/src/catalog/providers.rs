//! The rows. Sources: the vendors' API documentation and SDKs, models.dev for bases and key names; the
//! further names of keys are those that `LiteLLM` reads.

use super::{Attachments, Auth, EffortField, Prefill, ProviderRow, Quirks, SchemaDialect, SchemaSupport};
use crate::model::{Class, Effort};
use crate::protocols::{Protocol, anthropic, azure, bedrock, cohere, gemini, responses, vertex};

const PLAIN: Quirks = Quirks::PLAIN;

/// A provider that speaks chat completions.
pub(super) const fn chat(
    id: &'static str,
    name: &'static str,
    base_url: &'static str,
    env: &'static [&'static str],
) -> ProviderRow {
    let (protocol, quirks) = (Protocol::Openai, Quirks::PLAIN);
    ProviderRow { id, name, base_url, env, base_env: None, protocol, quirks, for_tools: None, default_model: None }
}

/// A provider that speaks Anthropic messages.
const fn messages(
    id: &'static str,
    name: &'static str,
    base_url: &'static str,
    env: &'static [&'static str],
) -> ProviderRow {
    let (protocol, quirks) = (Protocol::Anthropic, anthropic::QUIRKS);
    ProviderRow { id, name, base_url, env, base_env: None, protocol, quirks, for_tools: None, default_model: None }
}

/// Vertex AI at its global location; a profile's project and location replace it.
const fn vertex(id: &'static str, name: &'static str) -> ProviderRow {
    let (protocol, quirks) = (Protocol::Vertex, vertex::QUIRKS);
    let base_url = "https://aiplatform.googleapis.com/v1";
    ProviderRow { id, name, base_url, env: &[], base_env: None, protocol, quirks, for_tools: None, default_model: None }
}

/// A provider that speaks `protocol` in its plain form.
const fn other(
    id: &'static str,
    name: &'static str,
    base_url: &'static str,
    env: &'static [&'static str],
    protocol: Protocol,
) -> ProviderRow {
    ProviderRow {
        id,
        name,
        base_url,
        env,
        base_env: None,
        protocol,
        quirks: Quirks::plain(protocol),
        for_tools: None,
        default_model: None,
    }
}

/// The keys of Azure, and a token of Entra ID (the Python SDK's `lib/azure.py`; `AZURE_API_KEY` is LiteLLM's).
const AZURE_KEYS: &[&str] = &["AZURE_OPENAI_API_KEY", "AZURE_API_KEY", "AZURE_OPENAI_AD_TOKEN"];

/// A base whose path is complete without a version segment.
const AS_IS: Quirks = Quirks { version: None, ..PLAIN };

pub(crate) const PROVIDERS: &[ProviderRow] = &[
    ProviderRow {
        base_env: Some("OPENAI_BASE_URL"),
        default_model: Some("gpt-6-sol"),
        for_tools: Some("openai-responses"),
        quirks: Quirks {
            max_completion_tokens: true,
            no_system_for: Quirks::NO_SYSTEM,
            // Guide "Structured outputs", root objects.
            object_schema: true,
            // Four stop texts at most, none from o3 on (OpenAI API reference, `stop`).
            max_stop: 4,
            stop_while_reasoning: false,
            // 50 MB a request (guides "Images and vision", "File inputs"); an address only for images.
            attachments: Attachments { total: 50_000_000, ..Attachments::FILES },
            ..PLAIN
        },
        ..chat("openai", "OpenAI", "https://api.openai.com/v1", &["OPENAI_API_KEY"])
    },
    ProviderRow {
        base_env: Some("OPENAI_BASE_URL"),
        quirks: Quirks {
            attachments: Attachments { total: 50_000_000, pdf_urls: true, ..Attachments::FILES },
            object_schema: true,
            ..responses::QUIRKS
        },
        ..other(
            "openai-responses",
            "OpenAI (Responses)",
            "https://api.openai.com/v1",
            &["OPENAI_API_KEY"],
            Protocol::Responses,
        )
    },
    ProviderRow {
        base_env: Some("ANTHROPIC_BASE_URL"),
        default_model: Some("claude-sonnet-5-5"),
        quirks: Quirks {
            one_of_sampling: Quirks::ONE_OF_SAMPLING,
            // 5 MiB an image as it is sent, 32 MB a request ("Vision", "PDF support").
            attachments: Attachments {
                image: (5 << 20) / 4 * 3,
                total: 32_000_000,
                pdf_urls: true,
                ..Attachments::FILES
            },
            ..anthropic::QUIRKS
        },
        ..messages("anthropic", "Anthropic", "https://api.anthropic.com", &["ANTHROPIC_API_KEY", "CLAUDE_API_KEY"])
    },
    ProviderRow {
        base_env: Some("GOOGLE_GEMINI_BASE_URL"),
        default_model: Some("gemini-3.8-flash"),
        protocol: Protocol::Gemini,
        quirks: Quirks {
            // No free tier in this country, or billing is off (Gemini API, troubleshooting).
            codes: &[("FAILED_PRECONDITION", Class::Quota), ("BILLING_DISABLED", Class::Quota)],
            // 100 MB in the request, in base64 (Google's blog, "Increased file size limits and expanded inputs
            // support in Gemini API", January 2026; 20 MB before).
            attachments: Attachments { total: 100_000_000, pdf_urls: true, ..Attachments::FILES },
            ..gemini::QUIRKS
        },
        ..chat(
            "gemini",
            "Google Gemini",
            "https://generativelanguage.googleapis.com/v1beta",
            // As in Google's SDKs (`google-genai`, `_api_client.py`), the first one wins.
            &["GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY"],
        )
    },
    // No default: which models there are depends on the region and on the account.
    ProviderRow {
        base_env: Some("AWS_ENDPOINT_URL_BEDROCK_RUNTIME"),
        protocol: Protocol::Bedrock,
        quirks: bedrock::QUIRKS,
        ..chat(
            "bedrock",
            "Amazon Bedrock",
            "https://bedrock-runtime.{region}.amazonaws.com",
            &["AWS_BEARER_TOKEN_BEDROCK"],
        )
    },
    // No default models: cloud credentials need not be meant for this.
    vertex("vertex", "Vertex AI"),
    vertex("vertex-anthropic", "Claude on Vertex AI"),
    ProviderRow {
        default_model: Some("openai/gpt-oss-120b"),
        // Old streams report usage only here.
        quirks: Quirks {
            max_completion_tokens: true,
            max_stop: 4,
            usage_at: Some("/x_groq/usage"),
            // console.groq.com, "Structured Outputs": neither streaming nor tools; strict for these models only.
            schema_support: SchemaSupport {
                streams: false,
                with_tools: false,
                some_models: true,
                strict_for: Some(&["openai/gpt-oss"]),
            },
            // The variable of its SDK holds the host alone.
            version: Some("openai/v1"),
            // 4 MB a request with images in it; 20 MB by address, which it counts itself (console.groq.com,
            // "Images and Vision").
            attachments: Attachments { total: 4_000_000, ..Attachments::IMAGES },
            ..PLAIN
        },
        base_env: Some("GROQ_BASE_URL"),
        ..chat("groq", "Groq", "https://api.groq.com/openai/v1", &["GROQ_API_KEY"])
    },
    ProviderRow {
        default_model: Some("deepseek-flash"),
        quirks: Quirks {
            // It thinks unless that is disabled (guide "Thinking mode").
            efforts: &[Effort::None, Effort::Low, Effort::High, Effort::Max],
            effort_field: EffortField::FlatOrDisabled,
            returns_reasoning: true,
            schema: SchemaDialect::JsonMode,
            seed: None,
            max_stop: 16,
            ..AS_IS
        },
        ..chat("deepseek", "DeepSeek", "https://api.deepseek.com", &["DEEPSEEK_API_KEY"])
    },
    ProviderRow {
        default_model: Some("grok-4.7"),
        quirks: Quirks {
            stop_while_reasoning: false,
            reasoning_apart: true,
            // 20 MiB an image (guide "Image understanding").
            attachments: Attachments { image: 20 << 20, ..Attachments::IMAGES },
            ..PLAIN
        },
        ..chat("xai", "xAI", "https://api.x.ai/v1", &["XAI_API_KEY", "GROKAI_API_KEY"])
    },
    ProviderRow {
        default_model: Some("mistral-medium-latest"),
        quirks: Quirks {
            // Usage comes unasked, and unknown fields are refused with 422.
            stream_options: false,
            // `high` or `none` (docs.mistral.ai, API reference, `reasoning_effort`).
            efforts: &[Effort::None, Effort::High],
            seed: Some("random_seed"),
            prefill: Prefill::KnownModels,
            prefix_flag: true,
            short_call_ids: true,
            codes: &[("3505", Class::Overloaded), ("1500", Class::NotFound)],
            // docs.mistral.ai, "Vision", FAQ.
            attachments: Attachments { image: 10_000_000, ..Attachments::IMAGES },
            ..PLAIN
        },
        ..chat("mistral", "Mistral", "https://api.mistral.ai/v1", &["MISTRAL_API_KEY"])
    },
    ProviderRow {
        default_model: Some("anthropic/claude-sonnet-5"),
        quirks: Quirks {
            // One field for all models, which it translates (guide "Reasoning tokens").
            effort_field: EffortField::Nested,
            // In the request or by address (guide "PDF inputs").
            attachments: Attachments { pdf_urls: true, ..Attachments::FILES },
            ..PLAIN
        },
        ..chat(
            "openrouter",
            "OpenRouter",
            "https://openrouter.ai/api/v1",
            &["OPENROUTER_API_KEY", "OPEN_ROUTER_API_KEY"],
        )
    },
    ProviderRow {
        default_model: Some("zai-org/GLM-5.2"),
        base_env: Some("TOGETHER_BASE_URL"),
        ..chat(
            "together",
            "Together AI",
            "https://api.together.xyz/v1",
            &["TOGETHER_API_KEY", "TOGETHERAI_API_KEY", "TOGETHER_AI_API_KEY"],
        )
    },
    ProviderRow {
        default_model: Some("accounts/fireworks/models/glm-5p3"),
        quirks: Quirks {
            // The account is suspended (docs.fireworks.ai, inference error codes).
            codes: &[("412", Class::Quota)],
            // All images in base64 (docs.fireworks.ai, "Vision models", known limitations).
            attachments: Attachments { total: 10_000_000, ..Attachments::IMAGES },
            ..PLAIN
        },
        ..chat(
            "fireworks",
            "Fireworks AI",
            "https://api.fireworks.ai/inference/v1",
            &["FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY"],
        )
    },
    ProviderRow {
        default_model: Some("perplexity/sonar"),
        base_env: Some("PERPLEXITY_BASE_URL"),
        // Its reference (docs.perplexity.ai, Create Agent Response) knows no `store`, has no minimum for the
        // token limit, and uses another field for the response format.
        quirks: Quirks {
            stores: false,
            schema: SchemaDialect::Instruction,
            // 50 MB an image (docs.perplexity.ai, "Image Attachments").
            attachments: Attachments { image: 50_000_000, ..responses::QUIRKS.attachments },
            ..responses::QUIRKS
        },
        ..other(
            "perplexity",
            "Perplexity",
            "https://api.perplexity.ai/v1",
            &["PERPLEXITY_API_KEY", "PERPLEXITYAI_API_KEY", "PPLX_API_KEY"],
            Protocol::Responses,
        )
    },
    ProviderRow {
        default_model: Some("gpt-oss-120b"),
        base_env: Some("CEREBRAS_BASE_URL"),
        quirks: Quirks {
            max_completion_tokens: true,
            // A prompt that does not fit is answered without a body.
            codes: &[("400 empty", Class::ContextWindow), ("413 empty", Class::ContextWindow)],
            ..PLAIN
        },
        ..chat("cerebras", "Cerebras", "https://api.cerebras.ai/v1", &["CEREBRAS_API_KEY"])
    },
    ProviderRow {
        default_model: Some("nvidia/nemotron-3-ultra-550b-a55b"),
        ..chat("nvidia", "NVIDIA NIM", "https://integrate.api.nvidia.com/v1", &["NVIDIA_API_KEY", "NVIDIA_NIM_API_KEY"])
    },
    ProviderRow {
        default_model: Some("zai-org/GLM-5.2"),
        ..chat(
            "huggingface",
            "Hugging Face",
            "https://router.huggingface.co/v1",
            &["HF_TOKEN", "HUGGINGFACE_API_KEY", "HUGGING_FACE_HUB_TOKEN"],
        )
    },
    ProviderRow {
        base_env: Some("AZURE_OPENAI_ENDPOINT"),
        ..other("azure", "Azure OpenAI", "https://{AZURE_RESOURCE_NAME}.openai.azure.com", AZURE_KEYS, Protocol::Azure)
    },
    ProviderRow {
        base_env: Some("AZURE_OPENAI_ENDPOINT"),
        // Version 1 of the API, which has no dated versions.
        quirks: Quirks {
            version: Some("openai/v1"),
            auth: Auth::ApiKeyOrToken,
            hosts: azure::QUIRKS.hosts,
            attachments: Attachments { image: azure::QUIRKS.attachments.image, ..responses::QUIRKS.attachments },
            object_schema: true,
            ..responses::QUIRKS
        },
        ..other(
            "azure-responses",
            "Azure OpenAI (Responses)",
            "https://{AZURE_RESOURCE_NAME}.openai.azure.com",
            AZURE_KEYS,
            Protocol::Responses,
        )
    },
    // Claude on Microsoft Foundry (the Anthropic SDK's `lib/foundry.py`).
    messages(
        "foundry-anthropic",
        "Claude on Microsoft Foundry",
        "https://{ANTHROPIC_FOUNDRY_RESOURCE}.services.ai.azure.com/anthropic",
        &["ANTHROPIC_FOUNDRY_API_KEY"],
    ),
    ProviderRow {
        default_model: Some("command-a-plus-05-2026"),
        base_env: Some("CO_API_URL"),
        // 498: the input or the output was blocked (docs.cohere.com, Errors).
        quirks: Quirks { codes: &[("498", Class::ContentPolicy)], ..cohere::QUIRKS },
        ..other("cohere", "Cohere", "https://api.cohere.com/v2", &["COHERE_API_KEY", "CO_API_KEY"], Protocol::Cohere)
    },
    ProviderRow {
        base_env: Some("OLLAMA_HOST"),
        ..other("ollama", "Ollama", "http://localhost:11434", &[], Protocol::Ollama)
    },
    other("ollama-cloud", "Ollama Cloud", "https://ollama.com", &["OLLAMA_API_KEY"], Protocol::Ollama),
    ProviderRow {
        base_env: Some("HOSTED_VLLM_API_BASE"),
        ..chat("vllm", "vLLM", "http://localhost:8000/v1", &["VLLM_API_KEY", "HOSTED_VLLM_API_KEY"])
    },
    chat("sglang", "SGLang", "http://localhost:30000/v1", &[]),
    ProviderRow {
        // The server continues a last assistant message (llama.cpp, tools/server/README.md).
        quirks: Quirks { prefill: Prefill::Always, ..PLAIN },
        ..chat("llamacpp", "llama.cpp server", "http://localhost:8080/v1", &["LLAMA_API_KEY"])
    },
    ProviderRow {
        base_env: Some("LM_STUDIO_API_BASE"),
        ..chat("lmstudio", "LM Studio", "http://localhost:1234/v1", &["LMSTUDIO_API_KEY", "LM_STUDIO_API_KEY"])
    },
    ProviderRow {
        default_model: Some("kimi-k3"),
        quirks: Quirks {
            efforts: &[Effort::None, Effort::Low, Effort::High, Effort::Max],
            effort_field: EffortField::FlatOrDisabled,
            returns_reasoning: true,
            seed: None,
            usage_at: Some("/choices/0/usage"),
            ..PLAIN
        },
        ..chat("moonshot", "Moonshot AI", "https://api.moonshot.ai/v1", &["MOONSHOT_API_KEY", "KIMI_API_KEY"])
    },
    ProviderRow {
        default_model: Some("glm-5.2"),
        quirks: ZHIPU,
        ..chat("zai", "Z.AI", "https://api.z.ai/api/paas/v4", &["ZAI_API_KEY", "ZHIPU_API_KEY"])
    },
    ProviderRow {
        quirks: ZHIPU,
        ..chat("zhipu", "Zhipu", "https://open.bigmodel.cn/api/paas/v4", &["ZHIPU_API_KEY", "BIGMODEL_API_KEY"])
    },
    ProviderRow {
        default_model: Some("qwen3.7-plus"),
        quirks: Quirks {
            efforts: &[],
            // `insufficient_quota` is the allowance of a minute here (help.aliyun.com, Model Studio, error codes).
            codes: &[
                ("Throttling.AllocationQuota", Class::RateLimit),
                ("Throttling.RateQuota", Class::RateLimit),
                ("insufficient_quota", Class::RateLimit),
                ("AllocationQuota.FreeTierOnly", Class::Quota),
            ],
            ..PLAIN
        },
        ..chat(
            "alibaba",
            "Alibaba Model Studio",
            "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
            &["DASHSCOPE_API_KEY"],
        )
    },
    ProviderRow {
        default_model: Some("MiniMax-M3"),
        quirks: Quirks {
            schema: SchemaDialect::Instruction,
            prefill: Prefill::Never,
            // platform.minimax.io, API reference, error codes.
            codes: &[
                ("1002", Class::RateLimit),
                ("1004", Class::Authentication),
                ("1008", Class::Quota),
                ("1026", Class::ContentPolicy),
                ("1027", Class::ContentPolicy),
                ("1039", Class::RateLimit),
            ],
            ..anthropic::QUIRKS
        },
        ..messages("minimax", "MiniMax", "https://api.minimax.io/anthropic", &["MINIMAX_API_KEY"])
    },
    chat("deepinfra", "DeepInfra", "https://api.deepinfra.com/v1/openai", &["DEEPINFRA_API_KEY"]),
    chat("nebius", "Nebius", "https://api.tokenfactory.nebius.com/v1", &["NEBIUS_API_KEY"]),
    ProviderRow { quirks: AS_IS, ..chat("novita", "Novita", "https://api.novita.ai/openai", &["NOVITA_API_KEY"]) },
    chat("baseten", "Baseten", "https://inference.baseten.co/v1", &["BASETEN_API_KEY"]),
    chat("sambanova", "SambaNova", "https://api.sambanova.ai/v1", &["SAMBANOVA_API_KEY"]),
    chat("siliconflow", "SiliconFlow", "https://api.siliconflow.com/v1", &["SILICONFLOW_API_KEY"]),
    chat("scaleway", "Scaleway", "https://api.scaleway.ai/v1", &["SCALEWAY_API_KEY", "SCW_SECRET_KEY"]),
    chat("ovhcloud", "OVHcloud", "https://oai.endpoints.kepler.ai.cloud.ovh.net/v1", &["OVHCLOUD_API_KEY"]),
    ProviderRow {
        // developers.cloudflare.com, Workers AI, errors: 3036 is the allowance of the day.
        quirks: Quirks {
            codes: &[("3036", Class::Quota), ("3040", Class::Overloaded), ("5007", Class::NotFound)],
            ..PLAIN
        },
        ..chat(
            "cloudflare",
            "Cloudflare Workers AI",
            "https://api.cloudflare.com/client/v4/accounts/{CLOUDFLARE_ACCOUNT_ID}/ai/v1",
            &["CLOUDFLARE_API_KEY", "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_AUTH_TOKEN"],
        )
    },
    // Bedrock in the dialect of OpenAI, with a bearer key (AWS documentation, Bedrock, "Mantle").
    chat(
        "bedrock-mantle",
        "Amazon Bedrock (compatible)",
        "https://bedrock-mantle.{AWS_REGION}.api.aws/v1",
        &["AWS_BEARER_TOKEN_BEDROCK"],
    ),
    ProviderRow {
        quirks: AS_IS,
        ..chat("databricks", "Databricks", "https://{DATABRICKS_HOST}/serving-endpoints", &["DATABRICKS_TOKEN"])
    },
    ProviderRow {
        quirks: Quirks {
            max_completion_tokens: true,
            headers: &[("x-snowflake-authorization-token-type", "PROGRAMMATIC_ACCESS_TOKEN")],
            ..PLAIN
        },
        ..chat(
            "snowflake",
            "Snowflake Cortex",
            "https://{SNOWFLAKE_ACCOUNT}.snowflakecomputing.com/api/v2/cortex/v1",
            &["SNOWFLAKE_CORTEX_PAT", "SNOWFLAKE_CORTEX_TOKEN"],
        )
    },
    chat("vercel", "Vercel AI Gateway", "https://ai-gateway.vercel.sh/v1", &["AI_GATEWAY_API_KEY", "VERCEL_API_KEY"]),
    ProviderRow {
        base_env: Some("INFERENCE_URL"),
        ..chat(
            "heroku",
            "Heroku Inference",
            "https://us.inference.heroku.com/v1",
            &["HEROKU_INFERENCE_KEY", "INFERENCE_KEY"],
        )
    },
    chat("crusoe", "Crusoe", "https://api.inference.crusoecloud.com/v1", &["CRUSOE_API_KEY"]),
    chat("inception", "Inception", "https://api.inceptionlabs.ai/v1", &["INCEPTION_API_KEY"]),
    chat("upstage", "Upstage", "https://api.upstage.ai/v1/solar", &["UPSTAGE_API_KEY"]),
    chat("friendli", "Friendli", "https://api.friendli.ai/serverless/v1", &["FRIENDLI_TOKEN"]),
    chat("wandb", "W&B Inference", "https://api.inference.wandb.ai/v1", &["WANDB_API_KEY"]),
    chat("digitalocean", "DigitalOcean", "https://inference.do-ai.run/v1", &["DIGITALOCEAN_ACCESS_TOKEN"]),
    chat("venice", "Venice", "https://api.venice.ai/api/v1", &["VENICE_API_KEY"]),
    chat("chutes", "Chutes", "https://llm.chutes.ai/v1", &["CHUTES_API_KEY"]),
    chat("requesty", "Requesty", "https://router.requesty.ai/v1", &["REQUESTY_API_KEY"]),
    chat("helicone", "Helicone", "https://ai-gateway.helicone.ai/v1", &["HELICONE_API_KEY"]),
    chat("ai21", "AI21", "https://api.ai21.com/studio/v1", &["AI21_API_KEY"]),
    ProviderRow {
        base_env: Some("LITELLM_PROXY_API_BASE"),
        // It refuses what it cannot pass on.
        quirks: Quirks { attachments: Attachments::FILES, ..PLAIN },
        ..chat("litellm", "LiteLLM proxy", "http://localhost:4000/v1", &["LITELLM_API_KEY", "LITELLM_PROXY_API_KEY"])
    },
];

/// Z.AI and Zhipu share an API and its error codes (docs.z.ai, API reference, errors).
const ZHIPU: Quirks = Quirks {
    // Thinking can be switched off ("Thinking mode"); the table has the levels of the models that take some.
    effort_field: EffortField::FlatOrDisabled,
    seed: None,
    schema: SchemaDialect::JsonMode,
    codes: &[
        ("1113", Class::Quota),
        ("1211", Class::NotFound),
        ("1261", Class::ContextWindow),
        ("1301", Class::ContentPolicy),
        ("1302", Class::RateLimit),
        ("1303", Class::RateLimit),
        ("1305", Class::RateLimit),
    ],
    ..PLAIN
};
