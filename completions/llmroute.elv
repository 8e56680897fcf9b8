
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
            cand -p 'Profile: a name, a file, or `demo`'
            cand --profile 'Profile: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it'
            cand -q 'Say nothing but errors on standard error'
            cand --quiet 'Say nothing but errors on standard error'
            cand -v 'Say more on standard error'
            cand --verbose 'Say more on standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand ask 'Ask a model group for one answer'
            cand chat 'Talk with a model group'
            cand route 'Show who would be asked and why, without calling anyone'
            cand health 'Look whether the deployments could answer, and what stands in the way of the others'
            cand bench 'Compare deployments: time to first token, tokens a second, errors, cost'
            cand logs 'Show what was asked and answered'
            cand stats 'Show what the logged calls were: success, failovers, speed, tokens and cost'
            cand providers 'Show which providers are set up, and where their keys come from'
            cand models 'Show what is known of models: price, limits, capabilities, and where it comes from'
            cand profile 'Check and show the profile'
            cand state 'Show and forget what the processes share'
            cand keys 'Keep keys in the keyring of the system'
            cand completions 'Print the completions of a shell'
            cand man 'Print the manual page of a command'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'llmroute;ask'= {
            cand -m 'The model group, or one model without routing'
            cand --model 'The model group, or one model without routing'
            cand -s 'System prompt'
            cand --system 'System prompt'
            cand -t 'This template of the profile; `-o NAME=VALUE` fills its `{{NAME}}`'
            cand --template 'This template of the profile; `-o NAME=VALUE` fills its `{{NAME}}`'
            cand -f 'Put the text of FILE before the prompt; may be repeated'
            cand --file 'Put the text of FILE before the prompt; may be repeated'
            cand -a 'Show the model an image or a PDF file, from FILE, an address or standard input (`-`); may be repeated'
            cand --attachment 'Show the model an image or a PDF file, from FILE, an address or standard input (`-`); may be repeated'
            cand --cid 'Continue this conversation: its id or that of a turn, or the unique beginning or end of one'
            cand -o 'Set a model option or another field of the request body; may be repeated'
            cand --option 'Set a model option or another field of the request body; may be repeated'
            cand --temperature 'Randomness of the answer'
            cand --max-tokens 'The most tokens to generate'
            cand --reasoning-effort 'How long the model may reason'
            cand --schema 'The answer is JSON that satisfies this JSON Schema; it is printed when it is whole'
            cand --seed 'Seed of the model''s sampling'
            cand --tag 'Label for rules and statistics; may be repeated'
            cand --require-tag 'Only deployments with this tag, or without it (`!TAG`); may be repeated'
            cand --fallback 'This group or model when the first one fails, instead of the profile''s fallbacks; may be repeated'
            cand --strategy 'Order deployments by this strategy, whatever the groups say'
            cand --user 'Who asks, for rules and for groups that are sticky by user; not sent to anybody'
            cand --num-retries 'Further attempts inside a group after the first'
            cand --midstream 'What happens when an answer breaks after its beginning was printed'
            cand --hedge 'Ask a second deployment, too, when no token came by then; the first to begin answers'
            cand --timeout 'Limit of one attempt'
            cand --first-token-timeout 'Limit until the first token of an attempt'
            cand --idle-timeout 'Limit of silence between two tokens'
            cand --deadline 'Limit of everything: attempts, waits, fallbacks'
            cand --max-cost 'Only deployments whose estimated cost is known and at most this'
            cand --route-seed 'Seed of the routing''s own luck'
            cand --verify 'The answer is good if this shell command, which gets it on standard input, ends with status 0'
            cand --output 'Write the answer to FILE, whole or not at all'
            cand -p 'Profile: a name, a file, or `demo`'
            cand --profile 'Profile: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it'
            cand -c 'Continue the newest conversation; an `ask` begins one'
            cand --continue 'Continue the newest conversation; an `ask` begins one'
            cand --no-stdin 'Do not read standard input'
            cand --no-fallback 'No fallback group'
            cand --json 'Print one JSON object with the answer and how it came about'
            cand --stream-json 'Print one JSON event a line as the answer comes'
            cand -S 'Print the answer only when it is whole'
            cand --no-stream 'Print the answer only when it is whole'
            cand -x 'Print only the first fenced block of the answer'
            cand --extract 'Print only the first fenced block of the answer'
            cand -u 'Say on standard error who answered, tokens, cost and speed'
            cand --usage 'Say on standard error who answered, tokens, cost and speed'
            cand --dry-run 'Show who would be asked and with what, and send nothing'
            cand -n 'Do not write this request into the log'
            cand --no-log 'Do not write this request into the log'
            cand -q 'Say nothing but errors on standard error'
            cand --quiet 'Say nothing but errors on standard error'
            cand -v 'Say more on standard error'
            cand --verbose 'Say more on standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;chat'= {
            cand -m 'The model group, or one model without routing'
            cand --model 'The model group, or one model without routing'
            cand -s 'System prompt'
            cand --system 'System prompt'
            cand -t 'This template of the profile; `-o NAME=VALUE` fills its `{{NAME}}`'
            cand --template 'This template of the profile; `-o NAME=VALUE` fills its `{{NAME}}`'
            cand -f 'Put the text of FILE before the first message; may be repeated'
            cand --file 'Put the text of FILE before the first message; may be repeated'
            cand -a 'Show the model an image or a PDF file with the first message; may be repeated'
            cand --attachment 'Show the model an image or a PDF file with the first message; may be repeated'
            cand --resume 'Go on with the conversation ID, or with the last one'
            cand -o 'Set a model option or another field of the request body; may be repeated'
            cand --option 'Set a model option or another field of the request body; may be repeated'
            cand -p 'Profile: a name, a file, or `demo`'
            cand --profile 'Profile: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it'
            cand --plain 'Show answers as they are, without rendering Markdown'
            cand --vi 'Edit with the keys of vi'
            cand -q 'Say nothing but errors on standard error'
            cand --quiet 'Say nothing but errors on standard error'
            cand -v 'Say more on standard error'
            cand --verbose 'Say more on standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;route'= {
            cand -m 'The model group, or one model without routing'
            cand --model 'The model group, or one model without routing'
            cand -s 'System prompt'
            cand --system 'System prompt'
            cand -t 'This template of the profile; `-o NAME=VALUE` fills its `{{NAME}}`'
            cand --template 'This template of the profile; `-o NAME=VALUE` fills its `{{NAME}}`'
            cand -f 'Put the text of FILE before the prompt; may be repeated'
            cand --file 'Put the text of FILE before the prompt; may be repeated'
            cand -a 'Show the model an image or a PDF file, from FILE, an address or standard input (`-`); may be repeated'
            cand --attachment 'Show the model an image or a PDF file, from FILE, an address or standard input (`-`); may be repeated'
            cand --cid 'Continue this conversation: its id or that of a turn, or the unique beginning or end of one'
            cand -o 'Set a model option or another field of the request body; may be repeated'
            cand --option 'Set a model option or another field of the request body; may be repeated'
            cand --temperature 'Randomness of the answer'
            cand --max-tokens 'The most tokens to generate'
            cand --reasoning-effort 'How long the model may reason'
            cand --schema 'The answer is JSON that satisfies this JSON Schema; it is printed when it is whole'
            cand --seed 'Seed of the model''s sampling'
            cand --tag 'Label for rules and statistics; may be repeated'
            cand --require-tag 'Only deployments with this tag, or without it (`!TAG`); may be repeated'
            cand --fallback 'This group or model when the first one fails, instead of the profile''s fallbacks; may be repeated'
            cand --strategy 'Order deployments by this strategy, whatever the groups say'
            cand --user 'Who asks, for rules and for groups that are sticky by user; not sent to anybody'
            cand --num-retries 'Further attempts inside a group after the first'
            cand --midstream 'What happens when an answer breaks after its beginning was printed'
            cand --hedge 'Ask a second deployment, too, when no token came by then; the first to begin answers'
            cand --timeout 'Limit of one attempt'
            cand --first-token-timeout 'Limit until the first token of an attempt'
            cand --idle-timeout 'Limit of silence between two tokens'
            cand --deadline 'Limit of everything: attempts, waits, fallbacks'
            cand --max-cost 'Only deployments whose estimated cost is known and at most this'
            cand --route-seed 'Seed of the routing''s own luck'
            cand -p 'Profile: a name, a file, or `demo`'
            cand --profile 'Profile: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it'
            cand -c 'Continue the newest conversation; an `ask` begins one'
            cand --continue 'Continue the newest conversation; an `ask` begins one'
            cand --no-stdin 'Do not read standard input'
            cand --no-fallback 'No fallback group'
            cand --json 'Print one JSON object'
            cand -q 'Say nothing but errors on standard error'
            cand --quiet 'Say nothing but errors on standard error'
            cand -v 'Say more on standard error'
            cand --verbose 'Say more on standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;health'= {
            cand --watch 'Look again and again: redrawn on a terminal, changes only elsewhere'
            cand --timeout 'All limits of time together (default 10s)'
            cand -p 'Profile: a name, a file, or `demo`'
            cand --profile 'Profile: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it'
            cand --live 'Make one call of one token to each; success closes a cooldown at once, failure begins one'
            cand --json 'JSON: one object; with `--watch` one object a change'
            cand -q 'Say nothing but errors on standard error'
            cand --quiet 'Say nothing but errors on standard error'
            cand -v 'Say more on standard error'
            cand --verbose 'Say more on standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;bench'= {
            cand -m 'The deployments of this group, or one model; may be repeated. The default group when none is given'
            cand --model 'The deployments of this group, or one model; may be repeated. The default group when none is given'
            cand --prompts 'Prompts in turn: one a line, or JSON objects with a `prompt`'
            cand --input-tokens 'A made-up prompt of about so many tokens'
            cand --output-tokens 'The most tokens of an answer; a made-up prompt asks for that many'
            cand --max-tokens 'The most tokens of an answer; a made-up prompt asks for that many'
            cand -o 'Set a model option or another field of the request body; may be repeated'
            cand --option 'Set a model option or another field of the request body; may be repeated'
            cand -n 'Rounds'
            cand --rounds 'Rounds'
            cand --duration 'Begin no round after this'
            cand -c 'Calls in flight at each deployment'
            cand --concurrency 'Calls in flight at each deployment'
            cand --rate 'Start so many calls a second at each deployment, whether earlier ones are done or not; latency counts from the intended start'
            cand --arrival 'How the starts of `--rate` are spread'
            cand --sweep 'Repeat with so many calls in flight: a comma-separated list'
            cand --slo 'What a good call is, for goodput: `ttft=500ms,tpot=50ms,e2e=5s`'
            cand --seed 'Seed of orders, prompts, arrivals and statistics'
            cand --max-cost 'Begin no call that could pass this'
            cand --html 'Write a page with tables and plots to FILE, too'
            cand --save 'Save the run under this name in the folder of the state, or in this file'
            cand --compare 'Compare with a saved run; exit 1 if worse beyond the interval'
            cand --inject 'Run the group against simulated deployments with these faults, and score it: `503@20%,stall@5%,cut@40,slow=2s`'
            cand -p 'Profile: a name, a file, or `demo`'
            cand --profile 'Profile: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it'
            cand --allow-cache 'Send the same text every time, so that the providers'' prompt caches may answer'
            cand --find-limit 'Find the highest rate with at most 1 % errors and a p95 of the TTFT within `--slo`'
            cand -y 'Do not ask before spending'
            cand --yes 'Do not ask before spending'
            cand --dry-run 'Print the plan and what it may cost, and send nothing'
            cand --json 'One JSON object: every sample and the summary'
            cand --csv 'CSV: one row a call'
            cand --markdown 'Markdown: the table, the plan and the verdicts'
            cand --ascii 'Plots in ASCII'
            cand --no-learn 'Do not let routing learn from the measurements'
            cand --self-test 'Measure the error of the measurement on this machine, with a built-in server'
            cand -q 'Say nothing but errors on standard error'
            cand --quiet 'Say nothing but errors on standard error'
            cand -v 'Say more on standard error'
            cand --verbose 'Say more on standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;logs'= {
            cand --last 'How many of the latest requests to list'
            cand --search 'Only requests with all these words in the prompt or in the answer; `word*` finds what begins so'
            cand --group 'Only requests to this group'
            cand --deployment 'Only requests for which this deployment was asked'
            cand --class 'Only requests in which something failed so, an attempt or all of it: `rate_limit`, `timeout`, …'
            cand --outcome 'Only requests that ended so'
            cand --since 'Only requests from this time on: `2h` ago, or like `2026-11-01`, `2026-11-01T09:30`'
            cand --until 'Only requests before this time'
            cand --conversation 'Only the turns of this conversation, those that were taken back included'
            cand --tag 'Only requests with this label'
            cand -p 'Profile: a name, a file, or `demo`'
            cand --profile 'Profile: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it'
            cand --conversations 'List conversations, by their last turns'
            cand --json 'JSON: one object a line'
            cand --text 'Only the text of the answer'
            cand -q 'Say nothing but errors on standard error'
            cand --quiet 'Say nothing but errors on standard error'
            cand -v 'Say more on standard error'
            cand --verbose 'Say more on standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;stats'= {
            cand --days 'Only the last so many days'
            cand --since 'Only since a date (`2026-11-22`), or a time ago (`12h`, `7d`)'
            cand --by 'What is counted together'
            cand -p 'Profile: a name, a file, or `demo`'
            cand --profile 'Profile: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it'
            cand --json 'JSON: one object a line'
            cand --csv 'Comma-separated values with a heading'
            cand -q 'Say nothing but errors on standard error'
            cand --quiet 'Say nothing but errors on standard error'
            cand -v 'Say more on standard error'
            cand --verbose 'Say more on standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;providers'= {
            cand -p 'Profile: a name, a file, or `demo`'
            cand --profile 'Profile: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it'
            cand --json 'JSON: one object a line'
            cand -q 'Say nothing but errors on standard error'
            cand --quiet 'Say nothing but errors on standard error'
            cand -v 'Say more on standard error'
            cand --verbose 'Say more on standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;models'= {
            cand --search 'Only those whose name holds all of these words'
            cand -p 'Profile: a name, a file, or `demo`'
            cand --profile 'Profile: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it'
            cand --json 'JSON: one object a line'
            cand -q 'Say nothing but errors on standard error'
            cand --quiet 'Say nothing but errors on standard error'
            cand -v 'Say more on standard error'
            cand --verbose 'Say more on standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand refresh 'Fetch a newer table from models.dev'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'llmroute;models;refresh'= {
            cand -p 'Profile: a name, a file, or `demo`'
            cand --profile 'Profile: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it'
            cand -q 'Say nothing but errors on standard error'
            cand --quiet 'Say nothing but errors on standard error'
            cand -v 'Say more on standard error'
            cand --verbose 'Say more on standard error'
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
            cand -p 'Profile: a name, a file, or `demo`'
            cand --profile 'Profile: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it'
            cand -q 'Say nothing but errors on standard error'
            cand --quiet 'Say nothing but errors on standard error'
            cand -v 'Say more on standard error'
            cand --verbose 'Say more on standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand check 'Report every mistake and remark at once'
            cand show 'Print the profile as it is understood, with where each value came from'
            cand path 'Print where the profile is, or would be'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'llmroute;profile;check'= {
            cand -p 'Profile: a name, a file, or `demo`'
            cand --profile 'Profile: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it'
            cand -q 'Say nothing but errors on standard error'
            cand --quiet 'Say nothing but errors on standard error'
            cand -v 'Say more on standard error'
            cand --verbose 'Say more on standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;profile;show'= {
            cand -p 'Profile: a name, a file, or `demo`'
            cand --profile 'Profile: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it'
            cand -q 'Say nothing but errors on standard error'
            cand --quiet 'Say nothing but errors on standard error'
            cand -v 'Say more on standard error'
            cand --verbose 'Say more on standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;profile;path'= {
            cand -p 'Profile: a name, a file, or `demo`'
            cand --profile 'Profile: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it'
            cand -q 'Say nothing but errors on standard error'
            cand --quiet 'Say nothing but errors on standard error'
            cand -v 'Say more on standard error'
            cand --verbose 'Say more on standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;profile;help'= {
            cand check 'Report every mistake and remark at once'
            cand show 'Print the profile as it is understood, with where each value came from'
            cand path 'Print where the profile is, or would be'
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
            cand -p 'Profile: a name, a file, or `demo`'
            cand --profile 'Profile: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it'
            cand -q 'Say nothing but errors on standard error'
            cand --quiet 'Say nothing but errors on standard error'
            cand -v 'Say more on standard error'
            cand --verbose 'Say more on standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand show 'Show what is known of every deployment and group'
            cand reset 'Forget what was learned, of one deployment or of all'
            cand path 'Print where the state is'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'llmroute;state;show'= {
            cand -p 'Profile: a name, a file, or `demo`'
            cand --profile 'Profile: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it'
            cand --json 'JSON: one object'
            cand -q 'Say nothing but errors on standard error'
            cand --quiet 'Say nothing but errors on standard error'
            cand -v 'Say more on standard error'
            cand --verbose 'Say more on standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;state;reset'= {
            cand -p 'Profile: a name, a file, or `demo`'
            cand --profile 'Profile: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it'
            cand --log 'Forget the log of requests too'
            cand -y 'Do not ask whether to forget all'
            cand --yes 'Do not ask whether to forget all'
            cand -q 'Say nothing but errors on standard error'
            cand --quiet 'Say nothing but errors on standard error'
            cand -v 'Say more on standard error'
            cand --verbose 'Say more on standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;state;path'= {
            cand -p 'Profile: a name, a file, or `demo`'
            cand --profile 'Profile: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it'
            cand -q 'Say nothing but errors on standard error'
            cand --quiet 'Say nothing but errors on standard error'
            cand -v 'Say more on standard error'
            cand --verbose 'Say more on standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;state;help'= {
            cand show 'Show what is known of every deployment and group'
            cand reset 'Forget what was learned, of one deployment or of all'
            cand path 'Print where the state is'
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
            cand -p 'Profile: a name, a file, or `demo`'
            cand --profile 'Profile: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it'
            cand -q 'Say nothing but errors on standard error'
            cand --quiet 'Say nothing but errors on standard error'
            cand -v 'Say more on standard error'
            cand --verbose 'Say more on standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand set 'Keep a key; it is read from the terminal, unseen, or from standard input'
            cand list 'Print the names of the keys that were kept'
            cand rm 'Forget a key'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'llmroute;keys;set'= {
            cand -p 'Profile: a name, a file, or `demo`'
            cand --profile 'Profile: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it'
            cand -q 'Say nothing but errors on standard error'
            cand --quiet 'Say nothing but errors on standard error'
            cand -v 'Say more on standard error'
            cand --verbose 'Say more on standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;keys;list'= {
            cand -p 'Profile: a name, a file, or `demo`'
            cand --profile 'Profile: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it'
            cand -q 'Say nothing but errors on standard error'
            cand --quiet 'Say nothing but errors on standard error'
            cand -v 'Say more on standard error'
            cand --verbose 'Say more on standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;keys;rm'= {
            cand -p 'Profile: a name, a file, or `demo`'
            cand --profile 'Profile: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it'
            cand -q 'Say nothing but errors on standard error'
            cand --quiet 'Say nothing but errors on standard error'
            cand -v 'Say more on standard error'
            cand --verbose 'Say more on standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;keys;help'= {
            cand set 'Keep a key; it is read from the terminal, unseen, or from standard input'
            cand list 'Print the names of the keys that were kept'
            cand rm 'Forget a key'
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
            cand -p 'Profile: a name, a file, or `demo`'
            cand --profile 'Profile: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it'
            cand -q 'Say nothing but errors on standard error'
            cand --quiet 'Say nothing but errors on standard error'
            cand -v 'Say more on standard error'
            cand --verbose 'Say more on standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;man'= {
            cand -p 'Profile: a name, a file, or `demo`'
            cand --profile 'Profile: a name, a file, or `demo`'
            cand --color 'When to use colour'
            cand --state 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it'
            cand -q 'Say nothing but errors on standard error'
            cand --quiet 'Say nothing but errors on standard error'
            cand -v 'Say more on standard error'
            cand --verbose 'Say more on standard error'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmroute;help'= {
            cand ask 'Ask a model group for one answer'
            cand chat 'Talk with a model group'
            cand route 'Show who would be asked and why, without calling anyone'
            cand health 'Look whether the deployments could answer, and what stands in the way of the others'
            cand bench 'Compare deployments: time to first token, tokens a second, errors, cost'
            cand logs 'Show what was asked and answered'
            cand stats 'Show what the logged calls were: success, failovers, speed, tokens and cost'
            cand providers 'Show which providers are set up, and where their keys come from'
            cand models 'Show what is known of models: price, limits, capabilities, and where it comes from'
            cand profile 'Check and show the profile'
            cand state 'Show and forget what the processes share'
            cand keys 'Keep keys in the keyring of the system'
            cand completions 'Print the completions of a shell'
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
            cand check 'Report every mistake and remark at once'
            cand show 'Print the profile as it is understood, with where each value came from'
            cand path 'Print where the profile is, or would be'
        }
        &'llmroute;help;profile;check'= {
        }
        &'llmroute;help;profile;show'= {
        }
        &'llmroute;help;profile;path'= {
        }
        &'llmroute;help;state'= {
            cand show 'Show what is known of every deployment and group'
            cand reset 'Forget what was learned, of one deployment or of all'
            cand path 'Print where the state is'
        }
        &'llmroute;help;state;show'= {
        }
        &'llmroute;help;state;reset'= {
        }
        &'llmroute;help;state;path'= {
        }
        &'llmroute;help;keys'= {
            cand set 'Keep a key; it is read from the terminal, unseen, or from standard input'
            cand list 'Print the names of the keys that were kept'
            cand rm 'Forget a key'
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
