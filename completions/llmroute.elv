
use builtin;
use str;

set edit:completion:arg-completer[llmroute] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'llmroute'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'llmroute'= {
            cand -p 'Profile to use: a name, a file, or `demo`'
            cand --profile 'Profile to use: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them'
            cand -q 'Print only errors to standard error'
            cand --quiet 'Print only errors to standard error'
            cand -v 'Print more to standard error'
            cand --verbose 'Print more to standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand ask 'Send a prompt to a model group and print the answer'
            cand chat 'Hold a conversation with a model group'
            cand route 'Show which deployments a prompt would be sent to, and why, without sending it'
            cand health 'Check which deployments can answer, and why the others cannot'
            cand bench 'Compare deployments: time to first token, tokens per second, errors, cost'
            cand logs 'Show logged requests and answers'
            cand stats 'Show statistics of the logged calls: success, failovers, speed, tokens and cost'
            cand providers 'Show which providers are set up and where their keys come from'
            cand models 'Show prices, limits and capabilities of models, and their sources'
            cand profile 'Check, show or locate the profile'
            cand state 'Show or reset the state that processes share'
            cand keys 'Manage API keys in the system keyring'
            cand completions 'Print shell completions'
            cand man 'Print the manual page of a command'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'llmroute;ask'= {
            cand -m 'Model group, or a single model without routing'
            cand --model 'Model group, or a single model without routing'
            cand -s 'System prompt'
            cand --system 'System prompt'
            cand -t 'Template of the profile; `-o NAME=VALUE` fills `{{NAME}}`'
            cand --template 'Template of the profile; `-o NAME=VALUE` fills `{{NAME}}`'
            cand -f 'Put the text of FILE, or of standard input (`-`), before the prompt; can be repeated'
            cand --file 'Put the text of FILE, or of standard input (`-`), before the prompt; can be repeated'
            cand -a 'Attach an image or a PDF file, from a file, a URL or standard input (`-`); can be repeated'
            cand --attachment 'Attach an image or a PDF file, from a file, a URL or standard input (`-`); can be repeated'
            cand --cid 'Continue the conversation with this id, or with this request; a unique beginning or end of the id is enough'
            cand -o 'Set a model parameter or any other field of the request body; can be repeated'
            cand --option 'Set a model parameter or any other field of the request body; can be repeated'
            cand --temperature 'Sampling temperature'
            cand --max-tokens 'Maximum number of tokens to generate'
            cand --reasoning-effort 'Reasoning effort'
            cand --schema 'Require JSON that satisfies this JSON Schema; printed when complete'
            cand --seed 'Seed for the model''s sampling'
            cand --tag 'Label for rules and statistics; can be repeated'
            cand --require-tag 'Use only deployments with this tag, or without it (`!TAG`); can be repeated'
            cand --fallback 'Fall back to this group or model instead of the profile''s fallbacks; can be repeated'
            cand --strategy 'Order deployments by this strategy in every group: `simple-shuffle`, `least-busy`, `latency-based-routing`, `cost-based-routing`, `usage-based-routing`, `round-robin`, `adaptive` or `exec:COMMAND`'
            cand --user 'User name for rules and for groups that are sticky by user; never sent'
            cand --num-retries 'Retries inside a group after the first attempt'
            cand --midstream 'Action when an answer fails after part of it was printed'
            cand --hedge 'Also call a second deployment if no token has arrived by then; the first one to reply is used'
            cand --timeout 'Time limit of one attempt'
            cand --first-token-timeout 'Time limit until the first token of an attempt'
            cand --idle-timeout 'Time limit between two tokens'
            cand --deadline 'Time limit of the whole request: attempts, waits and fallbacks'
            cand --max-wait 'Longest wait for a rate limit'
            cand --max-cost 'Use only deployments with a known price and an estimated cost of at most this'
            cand --route-seed 'Seed for the random choices of routing'
            cand --verify 'Accept the answer only if this shell command exits with 0; it gets the answer on standard input'
            cand --output 'Write the answer to FILE, atomically'
            cand -p 'Profile to use: a name, a file, or `demo`'
            cand --profile 'Profile to use: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them'
            cand -c 'Continue the latest conversation'
            cand --continue 'Continue the latest conversation'
            cand --no-stdin 'Do not read standard input'
            cand --allow-empty 'Accept empty piped input and empty files'
            cand --no-fallback 'Do not use fallback groups'
            cand --json 'Print one JSON object with the answer, its attempts and its cost'
            cand --stream-json 'Print one JSON event per line while the answer arrives'
            cand -S 'Print the answer only when it is complete'
            cand --no-stream 'Print the answer only when it is complete'
            cand -x 'Print only the first fenced code block of the answer'
            cand --extract 'Print only the first fenced code block of the answer'
            cand --fail-on-truncated 'Reject an answer that the token limit cut, and call the next deployment'
            cand -u 'Print the deployment, tokens, cost and speed to standard error'
            cand --usage 'Print the deployment, tokens, cost and speed to standard error'
            cand --dry-run 'Show the requests that would be sent, without sending them'
            cand -n 'Do not log this request'
            cand --no-log 'Do not log this request'
            cand -q 'Print only errors to standard error'
            cand --quiet 'Print only errors to standard error'
            cand -v 'Print more to standard error'
            cand --verbose 'Print more to standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;chat'= {
            cand -m 'Model group, or a single model without routing'
            cand --model 'Model group, or a single model without routing'
            cand -s 'System prompt'
            cand --system 'System prompt'
            cand -t 'Template of the profile; `-o NAME=VALUE` fills `{{NAME}}`'
            cand --template 'Template of the profile; `-o NAME=VALUE` fills `{{NAME}}`'
            cand -f 'Put the text of FILE before the first message; can be repeated'
            cand --file 'Put the text of FILE before the first message; can be repeated'
            cand -a 'Attach an image or a PDF file to the first message; can be repeated'
            cand --attachment 'Attach an image or a PDF file to the first message; can be repeated'
            cand --resume 'Continue the conversation ID, or the latest one'
            cand -o 'Set a model parameter or any other field of the request body; can be repeated'
            cand --option 'Set a model parameter or any other field of the request body; can be repeated'
            cand -p 'Profile to use: a name, a file, or `demo`'
            cand --profile 'Profile to use: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them'
            cand --plain 'Show answers as plain text, without rendering Markdown'
            cand --vi 'Use vi key bindings'
            cand -q 'Print only errors to standard error'
            cand --quiet 'Print only errors to standard error'
            cand -v 'Print more to standard error'
            cand --verbose 'Print more to standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;route'= {
            cand -m 'Model group, or a single model without routing'
            cand --model 'Model group, or a single model without routing'
            cand -s 'System prompt'
            cand --system 'System prompt'
            cand -t 'Template of the profile; `-o NAME=VALUE` fills `{{NAME}}`'
            cand --template 'Template of the profile; `-o NAME=VALUE` fills `{{NAME}}`'
            cand -f 'Put the text of FILE, or of standard input (`-`), before the prompt; can be repeated'
            cand --file 'Put the text of FILE, or of standard input (`-`), before the prompt; can be repeated'
            cand -a 'Attach an image or a PDF file, from a file, a URL or standard input (`-`); can be repeated'
            cand --attachment 'Attach an image or a PDF file, from a file, a URL or standard input (`-`); can be repeated'
            cand --cid 'Continue the conversation with this id, or with this request; a unique beginning or end of the id is enough'
            cand -o 'Set a model parameter or any other field of the request body; can be repeated'
            cand --option 'Set a model parameter or any other field of the request body; can be repeated'
            cand --temperature 'Sampling temperature'
            cand --max-tokens 'Maximum number of tokens to generate'
            cand --reasoning-effort 'Reasoning effort'
            cand --schema 'Require JSON that satisfies this JSON Schema; printed when complete'
            cand --seed 'Seed for the model''s sampling'
            cand --tag 'Label for rules and statistics; can be repeated'
            cand --require-tag 'Use only deployments with this tag, or without it (`!TAG`); can be repeated'
            cand --fallback 'Fall back to this group or model instead of the profile''s fallbacks; can be repeated'
            cand --strategy 'Order deployments by this strategy in every group: `simple-shuffle`, `least-busy`, `latency-based-routing`, `cost-based-routing`, `usage-based-routing`, `round-robin`, `adaptive` or `exec:COMMAND`'
            cand --user 'User name for rules and for groups that are sticky by user; never sent'
            cand --num-retries 'Retries inside a group after the first attempt'
            cand --midstream 'Action when an answer fails after part of it was printed'
            cand --hedge 'Also call a second deployment if no token has arrived by then; the first one to reply is used'
            cand --timeout 'Time limit of one attempt'
            cand --first-token-timeout 'Time limit until the first token of an attempt'
            cand --idle-timeout 'Time limit between two tokens'
            cand --deadline 'Time limit of the whole request: attempts, waits and fallbacks'
            cand --max-wait 'Longest wait for a rate limit'
            cand --max-cost 'Use only deployments with a known price and an estimated cost of at most this'
            cand --route-seed 'Seed for the random choices of routing'
            cand -p 'Profile to use: a name, a file, or `demo`'
            cand --profile 'Profile to use: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them'
            cand -c 'Continue the latest conversation'
            cand --continue 'Continue the latest conversation'
            cand --no-stdin 'Do not read standard input'
            cand --allow-empty 'Accept empty piped input and empty files'
            cand --no-fallback 'Do not use fallback groups'
            cand --json 'Print one JSON object'
            cand -q 'Print only errors to standard error'
            cand --quiet 'Print only errors to standard error'
            cand -v 'Print more to standard error'
            cand --verbose 'Print more to standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;health'= {
            cand -m 'Check this group or deployment, as `-m` of the other commands; may be repeated'
            cand --model 'Check this group or deployment, as `-m` of the other commands; may be repeated'
            cand --watch 'Check repeatedly; on a terminal the table is redrawn, elsewhere only changes are printed'
            cand --timeout 'Time limit of each check (default 10s)'
            cand -p 'Profile to use: a name, a file, or `demo`'
            cand --profile 'Profile to use: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them'
            cand --live 'Send a one-token request to each deployment; success ends its cooldown, failure starts one'
            cand --json 'Print one JSON object; with `--watch`, one object per change'
            cand -q 'Print only errors to standard error'
            cand --quiet 'Print only errors to standard error'
            cand -v 'Print more to standard error'
            cand --verbose 'Print more to standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;bench'= {
            cand -m 'Deployments of this group, or a single model; can be repeated; default: the default group'
            cand --model 'Deployments of this group, or a single model; can be repeated; default: the default group'
            cand --prompts 'File of prompts, used in turn: one per line, or JSON objects with a `prompt`'
            cand --input-tokens 'Use a synthetic prompt of about N tokens'
            cand --output-tokens 'Maximum tokens of an answer; a synthetic prompt asks for that many'
            cand --max-tokens 'Maximum tokens of an answer; a synthetic prompt asks for that many'
            cand -o 'Set a model parameter or any other field of the request body; can be repeated'
            cand --option 'Set a model parameter or any other field of the request body; can be repeated'
            cand -n 'Number of rounds'
            cand --rounds 'Number of rounds'
            cand --duration 'Start no round after this time'
            cand -c 'Calls in flight at each deployment'
            cand --concurrency 'Calls in flight at each deployment'
            cand --rate 'Start R calls per second at each deployment, even if earlier calls are still running; latency counts from the intended start'
            cand --arrival 'Distribution of the starts of `--rate`'
            cand --sweep 'Repeat with each of these numbers of calls in flight'
            cand --slo 'Limits of a good call, for goodput: `ttft=500ms,tpot=50ms,e2e=5s`'
            cand --seed 'Seed for orders, prompts, arrivals and statistics'
            cand --max-cost 'Start no call that could exceed this cost'
            cand --html 'Also write a page with tables and plots to FILE'
            cand --save 'Save the run under this name in the folder of the state, or in this file'
            cand --compare 'Compare with a saved run; exit 1 if worse beyond the interval'
            cand --inject 'Run the group against simulated deployments with these faults, and score it: `503@20%,stall@5%,cut@40,slow=2s`'
            cand -p 'Profile to use: a name, a file, or `demo`'
            cand --profile 'Profile to use: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them'
            cand --allow-cache 'Send the same text every time, so that the prompt caches of providers can answer'
            cand --find-limit 'Find the highest rate with at most 1% errors and a p95 of the TTFT within `--slo`'
            cand -y 'Skip the confirmation of the cost'
            cand --yes 'Skip the confirmation of the cost'
            cand --dry-run 'Print the plan and its maximum cost, without sending anything'
            cand --json 'Print one JSON object with every sample and the summary'
            cand --csv 'Print CSV, one row per call'
            cand --markdown 'Print Markdown: the table, the plan and the findings'
            cand --ascii 'Draw plots in ASCII'
            cand --no-learn 'Do not record the measurements for routing'
            cand --self-test 'Measure the measurement error on this machine, with a built-in server'
            cand -q 'Print only errors to standard error'
            cand --quiet 'Print only errors to standard error'
            cand -v 'Print more to standard error'
            cand --verbose 'Print more to standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;logs'= {
            cand --last 'Number of requests to list, latest first (default 20; with `--json` and a filter, all)'
            cand --search 'Only requests with all these words in the prompt or the answer; `word*` matches a prefix'
            cand --group 'Only requests to this group'
            cand --deployment 'Only requests that called this deployment'
            cand --class 'Only requests where an attempt, or the whole request, failed with this class: `rate_limit`, `timeout`, …'
            cand --finish-reason 'Only requests whose answer ended for this reason: `stop`, `length`, `tool_calls`, …'
            cand --outcome 'Only requests with this outcome'
            cand --since 'Only requests since this time: `2h` ago, or a date like `2026-11-01` or `2026-11-01T09:30`'
            cand --until 'Only requests before this time'
            cand --conversation 'Only turns of this conversation, including undone ones'
            cand --tag 'Only requests with this label'
            cand -p 'Profile to use: a name, a file, or `demo`'
            cand --profile 'Profile to use: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them'
            cand --conversations 'List conversations by their latest turns'
            cand --json 'Print JSON, one object per line'
            cand --text 'Print only the text of the answer; of the last request if no id is given'
            cand -q 'Print only errors to standard error'
            cand --quiet 'Print only errors to standard error'
            cand -v 'Print more to standard error'
            cand --verbose 'Print more to standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;stats'= {
            cand --days 'Include only the last N days'
            cand --since 'Include only requests since this time: `2h` ago, or a date like `2026-11-01` or `2026-11-01T09:30`'
            cand --until 'Include only requests before this time'
            cand --tag 'Include only requests with this label'
            cand --by 'Group the figures by these fields'
            cand -p 'Profile to use: a name, a file, or `demo`'
            cand --profile 'Profile to use: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them'
            cand --json 'Print JSON, one object per line'
            cand --csv 'Print CSV with a heading'
            cand -q 'Print only errors to standard error'
            cand --quiet 'Print only errors to standard error'
            cand -v 'Print more to standard error'
            cand --verbose 'Print more to standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;providers'= {
            cand -p 'Profile to use: a name, a file, or `demo`'
            cand --profile 'Profile to use: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them'
            cand --json 'Print JSON, one object per line'
            cand -q 'Print only errors to standard error'
            cand --quiet 'Print only errors to standard error'
            cand -v 'Print more to standard error'
            cand --verbose 'Print more to standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;models'= {
            cand --search 'List only models whose name contains all of these words'
            cand -p 'Profile to use: a name, a file, or `demo`'
            cand --profile 'Profile to use: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them'
            cand --json 'Print JSON, one object per line'
            cand -q 'Print only errors to standard error'
            cand --quiet 'Print only errors to standard error'
            cand -v 'Print more to standard error'
            cand --verbose 'Print more to standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand refresh 'Fetch a newer table from models.dev'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'llmroute;models;refresh'= {
            cand -p 'Profile to use: a name, a file, or `demo`'
            cand --profile 'Profile to use: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them'
            cand -q 'Print only errors to standard error'
            cand --quiet 'Print only errors to standard error'
            cand -v 'Print more to standard error'
            cand --verbose 'Print more to standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;models;help'= {
            cand refresh 'Fetch a newer table from models.dev'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'llmroute;models;help;refresh'= {
        }
        &'llmroute;models;help;help'= {
        }
        &'llmroute;profile'= {
            cand -p 'Profile to use: a name, a file, or `demo`'
            cand --profile 'Profile to use: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them'
            cand -q 'Print only errors to standard error'
            cand --quiet 'Print only errors to standard error'
            cand -v 'Print more to standard error'
            cand --verbose 'Print more to standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand check 'Report all errors, warnings and notes'
            cand show 'Print the resolved profile, with the source of each value'
            cand path 'Print the path of the profile'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'llmroute;profile;check'= {
            cand -p 'Profile to use: a name, a file, or `demo`'
            cand --profile 'Profile to use: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them'
            cand -q 'Print only errors to standard error'
            cand --quiet 'Print only errors to standard error'
            cand -v 'Print more to standard error'
            cand --verbose 'Print more to standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;profile;show'= {
            cand -p 'Profile to use: a name, a file, or `demo`'
            cand --profile 'Profile to use: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them'
            cand -q 'Print only errors to standard error'
            cand --quiet 'Print only errors to standard error'
            cand -v 'Print more to standard error'
            cand --verbose 'Print more to standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;profile;path'= {
            cand -p 'Profile to use: a name, a file, or `demo`'
            cand --profile 'Profile to use: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them'
            cand -q 'Print only errors to standard error'
            cand --quiet 'Print only errors to standard error'
            cand -v 'Print more to standard error'
            cand --verbose 'Print more to standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;profile;help'= {
            cand check 'Report all errors, warnings and notes'
            cand show 'Print the resolved profile, with the source of each value'
            cand path 'Print the path of the profile'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'llmroute;profile;help;check'= {
        }
        &'llmroute;profile;help;show'= {
        }
        &'llmroute;profile;help;path'= {
        }
        &'llmroute;profile;help;help'= {
        }
        &'llmroute;state'= {
            cand -p 'Profile to use: a name, a file, or `demo`'
            cand --profile 'Profile to use: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them'
            cand -q 'Print only errors to standard error'
            cand --quiet 'Print only errors to standard error'
            cand -v 'Print more to standard error'
            cand --verbose 'Print more to standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand show 'Show the state of every deployment and group'
            cand reset 'Delete what was learned about one deployment or about all'
            cand path 'Print the location of the state'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'llmroute;state;show'= {
            cand -p 'Profile to use: a name, a file, or `demo`'
            cand --profile 'Profile to use: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them'
            cand --json 'Print one JSON object'
            cand -q 'Print only errors to standard error'
            cand --quiet 'Print only errors to standard error'
            cand -v 'Print more to standard error'
            cand --verbose 'Print more to standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;state;reset'= {
            cand -p 'Profile to use: a name, a file, or `demo`'
            cand --profile 'Profile to use: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them'
            cand --log 'Also delete the log of requests'
            cand -y 'Skip the confirmation'
            cand --yes 'Skip the confirmation'
            cand -q 'Print only errors to standard error'
            cand --quiet 'Print only errors to standard error'
            cand -v 'Print more to standard error'
            cand --verbose 'Print more to standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;state;path'= {
            cand -p 'Profile to use: a name, a file, or `demo`'
            cand --profile 'Profile to use: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them'
            cand -q 'Print only errors to standard error'
            cand --quiet 'Print only errors to standard error'
            cand -v 'Print more to standard error'
            cand --verbose 'Print more to standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;state;help'= {
            cand show 'Show the state of every deployment and group'
            cand reset 'Delete what was learned about one deployment or about all'
            cand path 'Print the location of the state'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'llmroute;state;help;show'= {
        }
        &'llmroute;state;help;reset'= {
        }
        &'llmroute;state;help;path'= {
        }
        &'llmroute;state;help;help'= {
        }
        &'llmroute;keys'= {
            cand -p 'Profile to use: a name, a file, or `demo`'
            cand --profile 'Profile to use: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them'
            cand -q 'Print only errors to standard error'
            cand --quiet 'Print only errors to standard error'
            cand -v 'Print more to standard error'
            cand --verbose 'Print more to standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand set 'Store a key, read from the terminal without echo or from standard input'
            cand list 'Print the names of the stored keys'
            cand rm 'Delete a key'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'llmroute;keys;set'= {
            cand -p 'Profile to use: a name, a file, or `demo`'
            cand --profile 'Profile to use: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them'
            cand -q 'Print only errors to standard error'
            cand --quiet 'Print only errors to standard error'
            cand -v 'Print more to standard error'
            cand --verbose 'Print more to standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;keys;list'= {
            cand -p 'Profile to use: a name, a file, or `demo`'
            cand --profile 'Profile to use: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them'
            cand -q 'Print only errors to standard error'
            cand --quiet 'Print only errors to standard error'
            cand -v 'Print more to standard error'
            cand --verbose 'Print more to standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;keys;rm'= {
            cand -p 'Profile to use: a name, a file, or `demo`'
            cand --profile 'Profile to use: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them'
            cand -q 'Print only errors to standard error'
            cand --quiet 'Print only errors to standard error'
            cand -v 'Print more to standard error'
            cand --verbose 'Print more to standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;keys;help'= {
            cand set 'Store a key, read from the terminal without echo or from standard input'
            cand list 'Print the names of the stored keys'
            cand rm 'Delete a key'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'llmroute;keys;help;set'= {
        }
        &'llmroute;keys;help;list'= {
        }
        &'llmroute;keys;help;rm'= {
        }
        &'llmroute;keys;help;help'= {
        }
        &'llmroute;completions'= {
            cand -p 'Profile to use: a name, a file, or `demo`'
            cand --profile 'Profile to use: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them'
            cand -q 'Print only errors to standard error'
            cand --quiet 'Print only errors to standard error'
            cand -v 'Print more to standard error'
            cand --verbose 'Print more to standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;man'= {
            cand -p 'Profile to use: a name, a file, or `demo`'
            cand --profile 'Profile to use: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them'
            cand -q 'Print only errors to standard error'
            cand --quiet 'Print only errors to standard error'
            cand -v 'Print more to standard error'
            cand --verbose 'Print more to standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;help'= {
            cand ask 'Send a prompt to a model group and print the answer'
            cand chat 'Hold a conversation with a model group'
            cand route 'Show which deployments a prompt would be sent to, and why, without sending it'
            cand health 'Check which deployments can answer, and why the others cannot'
            cand bench 'Compare deployments: time to first token, tokens per second, errors, cost'
            cand logs 'Show logged requests and answers'
            cand stats 'Show statistics of the logged calls: success, failovers, speed, tokens and cost'
            cand providers 'Show which providers are set up and where their keys come from'
            cand models 'Show prices, limits and capabilities of models, and their sources'
            cand profile 'Check, show or locate the profile'
            cand state 'Show or reset the state that processes share'
            cand keys 'Manage API keys in the system keyring'
            cand completions 'Print shell completions'
            cand man 'Print the manual page of a command'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'llmroute;help;ask'= {
        }
        &'llmroute;help;chat'= {
        }
        &'llmroute;help;route'= {
        }
        &'llmroute;help;health'= {
        }
        &'llmroute;help;bench'= {
        }
        &'llmroute;help;logs'= {
        }
        &'llmroute;help;stats'= {
        }
        &'llmroute;help;providers'= {
        }
        &'llmroute;help;models'= {
            cand refresh 'Fetch a newer table from models.dev'
        }
        &'llmroute;help;models;refresh'= {
        }
        &'llmroute;help;profile'= {
            cand check 'Report all errors, warnings and notes'
            cand show 'Print the resolved profile, with the source of each value'
            cand path 'Print the path of the profile'
        }
        &'llmroute;help;profile;check'= {
        }
        &'llmroute;help;profile;show'= {
        }
        &'llmroute;help;profile;path'= {
        }
        &'llmroute;help;state'= {
            cand show 'Show the state of every deployment and group'
            cand reset 'Delete what was learned about one deployment or about all'
            cand path 'Print the location of the state'
        }
        &'llmroute;help;state;show'= {
        }
        &'llmroute;help;state;reset'= {
        }
        &'llmroute;help;state;path'= {
        }
        &'llmroute;help;keys'= {
            cand set 'Store a key, read from the terminal without echo or from standard input'
            cand list 'Print the names of the stored keys'
            cand rm 'Delete a key'
        }
        &'llmroute;help;keys;set'= {
        }
        &'llmroute;help;keys;list'= {
        }
        &'llmroute;help;keys;rm'= {
        }
        &'llmroute;help;completions'= {
        }
        &'llmroute;help;man'= {
        }
        &'llmroute;help;help'= {
        }
    ]
    $completions[$command]
}
