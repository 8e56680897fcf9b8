# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_llmroute_global_optspecs
    string join \n p/profile= q/quiet v/verbose color= state= h/help V/version
end

function __fish_llmroute_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_llmroute_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_llmroute_using_subcommand
    set -l cmd (__fish_llmroute_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c llmroute -n "__fish_llmroute_needs_command" -s p -l profile -d 'Profile to use: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_needs_command" -l color -d 'When to use colour' -r -f -a "auto\t'If standard error is a terminal, unless `NO_COLOR` or `TERM=dumb` is set'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_needs_command" -l state -d 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them' -r
complete -c llmroute -n "__fish_llmroute_needs_command" -s q -l quiet -d 'Print only errors to standard error'
complete -c llmroute -n "__fish_llmroute_needs_command" -s v -l verbose -d 'Print more to standard error'
complete -c llmroute -n "__fish_llmroute_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_needs_command" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "ask" -d 'Send a prompt to a model group and print the answer'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "chat" -d 'Hold a conversation with a model group'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "route" -d 'Show which deployments a prompt would be sent to, and why, without sending it'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "health" -d 'Check which deployments can answer, and why the others cannot'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "bench" -d 'Compare deployments: time to first token, tokens per second, errors, cost'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "logs" -d 'Show logged requests and answers'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "stats" -d 'Show statistics of the logged calls: success, failovers, speed, tokens and cost'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "providers" -d 'Show which providers are set up and where their keys come from'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "models" -d 'Show prices, limits and capabilities of models, and their sources'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "profile" -d 'Check, show or locate the profile'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "state" -d 'Show or reset the state that processes share'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "keys" -d 'Manage API keys in the system keyring'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "completions" -d 'Print shell completions'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "man" -d 'Print the manual page of a command'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s m -l model -d 'Model group, or a single model without routing' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s s -l system -d 'System prompt' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s t -l template -d 'Template of the profile; `-o NAME=VALUE` fills `{{NAME}}`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s f -l file -d 'Put the text of FILE, or of standard input (`-`), before the prompt; can be repeated' -r -F
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s a -l attachment -d 'Attach an image or a PDF file, from a file, a URL or standard input (`-`); can be repeated' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l cid -d 'Continue the conversation with this id, or with this request; a unique beginning or end of the id is enough' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s o -l option -d 'Set a model parameter or any other field of the request body; can be repeated' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l temperature -d 'Sampling temperature' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l max-tokens -d 'Maximum number of tokens to generate' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l reasoning-effort -d 'Reasoning effort' -r -f -a "none\t''
minimal\t''
low\t''
medium\t''
high\t''
xhigh\t''
max\t''"
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l schema -d 'Require JSON that satisfies this JSON Schema; printed when complete' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l seed -d 'Seed for the model\'s sampling' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l tag -d 'Label for rules and statistics; can be repeated' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l require-tag -d 'Use only deployments with this tag, or without it (`!TAG`); can be repeated' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l fallback -d 'Fall back to this group or model instead of the profile\'s fallbacks; can be repeated' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l strategy -d 'Order deployments by this strategy in every group: `simple-shuffle`, `least-busy`, `latency-based-routing`, `cost-based-routing`, `usage-based-routing`, `round-robin`, `adaptive` or `exec:COMMAND`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l user -d 'User name for rules and for groups that are sticky by user; never sent' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l num-retries -d 'Retries inside a group after the first attempt' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l midstream -d 'Action when an answer fails after part of it was printed' -r -f -a "exact\t'Print only an exact continuation; otherwise exit with 74'
restart\t'Print the new answer from the start'
resume\t'Tell the next deployment to continue the text; the answer then comes from two models'
fail\t'Keep the partial answer and exit with 74'"
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l hedge -d 'Also call a second deployment if no token has arrived by then; the first one to reply is used' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l timeout -d 'Time limit of one attempt' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l first-token-timeout -d 'Time limit until the first token of an attempt' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l idle-timeout -d 'Time limit between two tokens' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l deadline -d 'Time limit of the whole request: attempts, waits and fallbacks' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l max-wait -d 'Longest wait for a rate limit' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l max-cost -d 'Use only deployments with a known price and an estimated cost of at most this' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l route-seed -d 'Seed for the random choices of routing' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l verify -d 'Accept the answer only if this shell command exits with 0; it gets the answer on standard input' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l output -d 'Write the answer to FILE, atomically' -r -F
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s p -l profile -d 'Profile to use: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l color -d 'When to use colour' -r -f -a "auto\t'If standard error is a terminal, unless `NO_COLOR` or `TERM=dumb` is set'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l state -d 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s c -l continue -d 'Continue the latest conversation'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l no-stdin -d 'Do not read standard input'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l allow-empty -d 'Accept empty piped input and empty files'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l no-fallback -d 'Do not use fallback groups'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l json -d 'Print one JSON object with the answer, its attempts and its cost'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l stream-json -d 'Print one JSON event per line while the answer arrives'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s S -l no-stream -d 'Print the answer only when it is complete'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s x -l extract -d 'Print only the first fenced code block of the answer'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l fail-on-truncated -d 'Reject an answer that the token limit cut, and call the next deployment'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s u -l usage -d 'Print the deployment, tokens, cost and speed to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l dry-run -d 'Show the requests that would be sent, without sending them'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s n -l no-log -d 'Do not log this request'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s q -l quiet -d 'Print only errors to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s v -l verbose -d 'Print more to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -s m -l model -d 'Model group, or a single model without routing' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -s s -l system -d 'System prompt' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -s t -l template -d 'Template of the profile; `-o NAME=VALUE` fills `{{NAME}}`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -s f -l file -d 'Put the text of FILE before the first message; can be repeated' -r -F
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -s a -l attachment -d 'Attach an image or a PDF file to the first message; can be repeated' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -l resume -d 'Continue the conversation ID, or the latest one' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -s o -l option -d 'Set a model parameter or any other field of the request body; can be repeated' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -s p -l profile -d 'Profile to use: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -l color -d 'When to use colour' -r -f -a "auto\t'If standard error is a terminal, unless `NO_COLOR` or `TERM=dumb` is set'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -l state -d 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -l plain -d 'Show answers as plain text, without rendering Markdown'
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -l vi -d 'Use vi key bindings'
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -s q -l quiet -d 'Print only errors to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -s v -l verbose -d 'Print more to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -s m -l model -d 'Model group, or a single model without routing' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -s s -l system -d 'System prompt' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -s t -l template -d 'Template of the profile; `-o NAME=VALUE` fills `{{NAME}}`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -s f -l file -d 'Put the text of FILE, or of standard input (`-`), before the prompt; can be repeated' -r -F
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -s a -l attachment -d 'Attach an image or a PDF file, from a file, a URL or standard input (`-`); can be repeated' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l cid -d 'Continue the conversation with this id, or with this request; a unique beginning or end of the id is enough' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -s o -l option -d 'Set a model parameter or any other field of the request body; can be repeated' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l temperature -d 'Sampling temperature' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l max-tokens -d 'Maximum number of tokens to generate' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l reasoning-effort -d 'Reasoning effort' -r -f -a "none\t''
minimal\t''
low\t''
medium\t''
high\t''
xhigh\t''
max\t''"
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l schema -d 'Require JSON that satisfies this JSON Schema; printed when complete' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l seed -d 'Seed for the model\'s sampling' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l tag -d 'Label for rules and statistics; can be repeated' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l require-tag -d 'Use only deployments with this tag, or without it (`!TAG`); can be repeated' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l fallback -d 'Fall back to this group or model instead of the profile\'s fallbacks; can be repeated' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l strategy -d 'Order deployments by this strategy in every group: `simple-shuffle`, `least-busy`, `latency-based-routing`, `cost-based-routing`, `usage-based-routing`, `round-robin`, `adaptive` or `exec:COMMAND`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l user -d 'User name for rules and for groups that are sticky by user; never sent' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l num-retries -d 'Retries inside a group after the first attempt' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l midstream -d 'Action when an answer fails after part of it was printed' -r -f -a "exact\t'Print only an exact continuation; otherwise exit with 74'
restart\t'Print the new answer from the start'
resume\t'Tell the next deployment to continue the text; the answer then comes from two models'
fail\t'Keep the partial answer and exit with 74'"
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l hedge -d 'Also call a second deployment if no token has arrived by then; the first one to reply is used' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l timeout -d 'Time limit of one attempt' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l first-token-timeout -d 'Time limit until the first token of an attempt' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l idle-timeout -d 'Time limit between two tokens' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l deadline -d 'Time limit of the whole request: attempts, waits and fallbacks' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l max-wait -d 'Longest wait for a rate limit' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l max-cost -d 'Use only deployments with a known price and an estimated cost of at most this' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l route-seed -d 'Seed for the random choices of routing' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -s p -l profile -d 'Profile to use: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l color -d 'When to use colour' -r -f -a "auto\t'If standard error is a terminal, unless `NO_COLOR` or `TERM=dumb` is set'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l state -d 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -s c -l continue -d 'Continue the latest conversation'
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l no-stdin -d 'Do not read standard input'
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l allow-empty -d 'Accept empty piped input and empty files'
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l no-fallback -d 'Do not use fallback groups'
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l json -d 'Print one JSON object'
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -s q -l quiet -d 'Print only errors to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -s v -l verbose -d 'Print more to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand health" -s m -l model -d 'Check this group or deployment, as `-m` of the other commands; may be repeated' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand health" -l watch -d 'Check repeatedly; on a terminal the table is redrawn, elsewhere only changes are printed' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand health" -l timeout -d 'Time limit of each check (default 10s)' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand health" -s p -l profile -d 'Profile to use: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand health" -l color -d 'When to use colour' -r -f -a "auto\t'If standard error is a terminal, unless `NO_COLOR` or `TERM=dumb` is set'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand health" -l state -d 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand health" -l live -d 'Send a one-token request to each deployment; success ends its cooldown, failure starts one'
complete -c llmroute -n "__fish_llmroute_using_subcommand health" -l json -d 'Print one JSON object; with `--watch`, one object per change'
complete -c llmroute -n "__fish_llmroute_using_subcommand health" -s q -l quiet -d 'Print only errors to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand health" -s v -l verbose -d 'Print more to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand health" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand health" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -s m -l model -d 'Deployments of this group, or a single model; can be repeated; default: the default group' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l prompts -d 'File of prompts, used in turn: one per line, or JSON objects with a `prompt`' -r -F
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l input-tokens -d 'Use a synthetic prompt of about N tokens' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l output-tokens -l max-tokens -d 'Maximum tokens of an answer; a synthetic prompt asks for that many' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -s o -l option -d 'Set a model parameter or any other field of the request body; can be repeated' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -s n -l rounds -d 'Number of rounds' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l duration -d 'Start no round after this time' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -s c -l concurrency -d 'Calls in flight at each deployment' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l rate -d 'Start R calls per second at each deployment, even if earlier calls are still running; latency counts from the intended start' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l arrival -d 'Distribution of the starts of `--rate`' -r -f -a "constant\t'At equal intervals'
poisson\t'At random, independently of each other'"
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l sweep -d 'Repeat with each of these numbers of calls in flight' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l slo -d 'Limits of a good call, for goodput: `ttft=500ms,tpot=50ms,e2e=5s`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l seed -d 'Seed for orders, prompts, arrivals and statistics' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l max-cost -d 'Start no call that could exceed this cost' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l html -d 'Also write a page with tables and plots to FILE' -r -F
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l save -d 'Save the run under this name in the folder of the state, or in this file' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l compare -d 'Compare with a saved run; exit 1 if worse beyond the interval' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l inject -d 'Run the group against simulated deployments with these faults, and score it: `503@20%,stall@5%,cut@40,slow=2s`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -s p -l profile -d 'Profile to use: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l color -d 'When to use colour' -r -f -a "auto\t'If standard error is a terminal, unless `NO_COLOR` or `TERM=dumb` is set'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l state -d 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l allow-cache -d 'Send the same text every time, so that the prompt caches of providers can answer'
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l find-limit -d 'Find the highest rate with at most 1% errors and a p95 of the TTFT within `--slo`'
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -s y -l yes -d 'Skip the confirmation of the cost'
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l dry-run -d 'Print the plan and its maximum cost, without sending anything'
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l json -d 'Print one JSON object with every sample and the summary'
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l csv -d 'Print CSV, one row per call'
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l markdown -d 'Print Markdown: the table, the plan and the findings'
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l ascii -d 'Draw plots in ASCII'
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l no-learn -d 'Do not record the measurements for routing'
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l self-test -d 'Measure the measurement error on this machine, with a built-in server'
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -s q -l quiet -d 'Print only errors to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -s v -l verbose -d 'Print more to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l last -d 'Number of requests to list, latest first (default 20; with `--json` and a filter, all)' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l search -d 'Only requests with all these words in the prompt or the answer; `word*` matches a prefix' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l group -d 'Only requests to this group' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l deployment -d 'Only requests that called this deployment' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l class -d 'Only requests where an attempt, or the whole request, failed with this class: `rate_limit`, `timeout`, …' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l finish-reason -d 'Only requests whose answer ended for this reason: `stop`, `length`, `tool_calls`, …' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l outcome -d 'Only requests with this outcome' -r -f -a "ok\t'One complete answer'
partial\t'A part of an answer was given out'
failed\t'No answer'
cancelled\t'The person stopped it'
unfinished\t'It runs, or its process died'"
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l since -d 'Only requests since this time: `2h` ago, or a date like `2026-11-01` or `2026-11-01T09:30`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l until -d 'Only requests before this time' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l conversation -d 'Only turns of this conversation, including undone ones' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l tag -d 'Only requests with this label' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -s p -l profile -d 'Profile to use: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l color -d 'When to use colour' -r -f -a "auto\t'If standard error is a terminal, unless `NO_COLOR` or `TERM=dumb` is set'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l state -d 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l conversations -d 'List conversations by their latest turns'
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l json -d 'Print JSON, one object per line'
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l text -d 'Print only the text of the answer; of the last request if no id is given'
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -s q -l quiet -d 'Print only errors to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -s v -l verbose -d 'Print more to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand stats" -l days -d 'Include only the last N days' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand stats" -l since -d 'Include only requests since this time: `2h` ago, or a date like `2026-11-01` or `2026-11-01T09:30`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand stats" -l until -d 'Include only requests before this time' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand stats" -l tag -d 'Include only requests with this label' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand stats" -l by -d 'Group the figures by these fields' -r -f -a "deployment\t'Deployment that was called'
model\t'Model that was called'
day\t'Local date of the request'
group\t'Group of the request'
tag\t'Each label of the request; one with two labels counts under both'
user\t'End user of the request'"
complete -c llmroute -n "__fish_llmroute_using_subcommand stats" -s p -l profile -d 'Profile to use: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand stats" -l color -d 'When to use colour' -r -f -a "auto\t'If standard error is a terminal, unless `NO_COLOR` or `TERM=dumb` is set'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand stats" -l state -d 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand stats" -l json -d 'Print JSON, one object per line'
complete -c llmroute -n "__fish_llmroute_using_subcommand stats" -l csv -d 'Print CSV with a heading'
complete -c llmroute -n "__fish_llmroute_using_subcommand stats" -s q -l quiet -d 'Print only errors to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand stats" -s v -l verbose -d 'Print more to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand stats" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand stats" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand providers" -s p -l profile -d 'Profile to use: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand providers" -l color -d 'When to use colour' -r -f -a "auto\t'If standard error is a terminal, unless `NO_COLOR` or `TERM=dumb` is set'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand providers" -l state -d 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand providers" -l json -d 'Print JSON, one object per line'
complete -c llmroute -n "__fish_llmroute_using_subcommand providers" -s q -l quiet -d 'Print only errors to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand providers" -s v -l verbose -d 'Print more to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand providers" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand providers" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and not __fish_seen_subcommand_from refresh help" -l search -d 'List only models whose name contains all of these words' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and not __fish_seen_subcommand_from refresh help" -s p -l profile -d 'Profile to use: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and not __fish_seen_subcommand_from refresh help" -l color -d 'When to use colour' -r -f -a "auto\t'If standard error is a terminal, unless `NO_COLOR` or `TERM=dumb` is set'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and not __fish_seen_subcommand_from refresh help" -l state -d 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and not __fish_seen_subcommand_from refresh help" -l json -d 'Print JSON, one object per line'
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and not __fish_seen_subcommand_from refresh help" -s q -l quiet -d 'Print only errors to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and not __fish_seen_subcommand_from refresh help" -s v -l verbose -d 'Print more to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and not __fish_seen_subcommand_from refresh help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and not __fish_seen_subcommand_from refresh help" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and not __fish_seen_subcommand_from refresh help" -a "refresh" -d 'Fetch a newer table from models.dev'
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and not __fish_seen_subcommand_from refresh help" -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and __fish_seen_subcommand_from refresh" -s p -l profile -d 'Profile to use: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and __fish_seen_subcommand_from refresh" -l color -d 'When to use colour' -r -f -a "auto\t'If standard error is a terminal, unless `NO_COLOR` or `TERM=dumb` is set'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and __fish_seen_subcommand_from refresh" -l state -d 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and __fish_seen_subcommand_from refresh" -s q -l quiet -d 'Print only errors to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and __fish_seen_subcommand_from refresh" -s v -l verbose -d 'Print more to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and __fish_seen_subcommand_from refresh" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and __fish_seen_subcommand_from refresh" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and __fish_seen_subcommand_from help" -f -a "refresh" -d 'Fetch a newer table from models.dev'
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and not __fish_seen_subcommand_from check show path help" -s p -l profile -d 'Profile to use: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and not __fish_seen_subcommand_from check show path help" -l color -d 'When to use colour' -r -f -a "auto\t'If standard error is a terminal, unless `NO_COLOR` or `TERM=dumb` is set'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and not __fish_seen_subcommand_from check show path help" -l state -d 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and not __fish_seen_subcommand_from check show path help" -s q -l quiet -d 'Print only errors to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and not __fish_seen_subcommand_from check show path help" -s v -l verbose -d 'Print more to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and not __fish_seen_subcommand_from check show path help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and not __fish_seen_subcommand_from check show path help" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and not __fish_seen_subcommand_from check show path help" -f -a "check" -d 'Report all errors, warnings and notes'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and not __fish_seen_subcommand_from check show path help" -f -a "show" -d 'Print the resolved profile, with the source of each value'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and not __fish_seen_subcommand_from check show path help" -f -a "path" -d 'Print the path of the profile'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and not __fish_seen_subcommand_from check show path help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from check" -s p -l profile -d 'Profile to use: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from check" -l color -d 'When to use colour' -r -f -a "auto\t'If standard error is a terminal, unless `NO_COLOR` or `TERM=dumb` is set'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from check" -l state -d 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Print only errors to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Print more to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from check" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from show" -s p -l profile -d 'Profile to use: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'If standard error is a terminal, unless `NO_COLOR` or `TERM=dumb` is set'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from show" -l state -d 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print only errors to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Print more to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from path" -s p -l profile -d 'Profile to use: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from path" -l color -d 'When to use colour' -r -f -a "auto\t'If standard error is a terminal, unless `NO_COLOR` or `TERM=dumb` is set'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from path" -l state -d 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from path" -s q -l quiet -d 'Print only errors to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from path" -s v -l verbose -d 'Print more to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from path" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "check" -d 'Report all errors, warnings and notes'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "show" -d 'Print the resolved profile, with the source of each value'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "path" -d 'Print the path of the profile'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and not __fish_seen_subcommand_from show reset path help" -s p -l profile -d 'Profile to use: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and not __fish_seen_subcommand_from show reset path help" -l color -d 'When to use colour' -r -f -a "auto\t'If standard error is a terminal, unless `NO_COLOR` or `TERM=dumb` is set'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and not __fish_seen_subcommand_from show reset path help" -l state -d 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and not __fish_seen_subcommand_from show reset path help" -s q -l quiet -d 'Print only errors to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and not __fish_seen_subcommand_from show reset path help" -s v -l verbose -d 'Print more to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and not __fish_seen_subcommand_from show reset path help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and not __fish_seen_subcommand_from show reset path help" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and not __fish_seen_subcommand_from show reset path help" -f -a "show" -d 'Show the state of every deployment and group'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and not __fish_seen_subcommand_from show reset path help" -f -a "reset" -d 'Delete what was learned about one deployment or about all'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and not __fish_seen_subcommand_from show reset path help" -f -a "path" -d 'Print the location of the state'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and not __fish_seen_subcommand_from show reset path help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from show" -s p -l profile -d 'Profile to use: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'If standard error is a terminal, unless `NO_COLOR` or `TERM=dumb` is set'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from show" -l state -d 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from show" -l json -d 'Print one JSON object'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print only errors to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Print more to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from reset" -s p -l profile -d 'Profile to use: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from reset" -l color -d 'When to use colour' -r -f -a "auto\t'If standard error is a terminal, unless `NO_COLOR` or `TERM=dumb` is set'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from reset" -l state -d 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from reset" -l log -d 'Also delete the log of requests'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from reset" -s y -l yes -d 'Skip the confirmation'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from reset" -s q -l quiet -d 'Print only errors to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from reset" -s v -l verbose -d 'Print more to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from reset" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from reset" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from path" -s p -l profile -d 'Profile to use: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from path" -l color -d 'When to use colour' -r -f -a "auto\t'If standard error is a terminal, unless `NO_COLOR` or `TERM=dumb` is set'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from path" -l state -d 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from path" -s q -l quiet -d 'Print only errors to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from path" -s v -l verbose -d 'Print more to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from path" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show the state of every deployment and group'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from help" -f -a "reset" -d 'Delete what was learned about one deployment or about all'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from help" -f -a "path" -d 'Print the location of the state'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and not __fish_seen_subcommand_from set list rm help" -s p -l profile -d 'Profile to use: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and not __fish_seen_subcommand_from set list rm help" -l color -d 'When to use colour' -r -f -a "auto\t'If standard error is a terminal, unless `NO_COLOR` or `TERM=dumb` is set'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and not __fish_seen_subcommand_from set list rm help" -l state -d 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and not __fish_seen_subcommand_from set list rm help" -s q -l quiet -d 'Print only errors to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and not __fish_seen_subcommand_from set list rm help" -s v -l verbose -d 'Print more to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and not __fish_seen_subcommand_from set list rm help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and not __fish_seen_subcommand_from set list rm help" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and not __fish_seen_subcommand_from set list rm help" -f -a "set" -d 'Store a key, read from the terminal without echo or from standard input'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and not __fish_seen_subcommand_from set list rm help" -f -a "list" -d 'Print the names of the stored keys'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and not __fish_seen_subcommand_from set list rm help" -f -a "rm" -d 'Delete a key'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and not __fish_seen_subcommand_from set list rm help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from set" -s p -l profile -d 'Profile to use: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from set" -l color -d 'When to use colour' -r -f -a "auto\t'If standard error is a terminal, unless `NO_COLOR` or `TERM=dumb` is set'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from set" -l state -d 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from set" -s q -l quiet -d 'Print only errors to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from set" -s v -l verbose -d 'Print more to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from set" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from list" -s p -l profile -d 'Profile to use: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'If standard error is a terminal, unless `NO_COLOR` or `TERM=dumb` is set'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from list" -l state -d 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print only errors to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Print more to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from rm" -s p -l profile -d 'Profile to use: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from rm" -l color -d 'When to use colour' -r -f -a "auto\t'If standard error is a terminal, unless `NO_COLOR` or `TERM=dumb` is set'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from rm" -l state -d 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from rm" -s q -l quiet -d 'Print only errors to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from rm" -s v -l verbose -d 'Print more to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from rm" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "set" -d 'Store a key, read from the terminal without echo or from standard input'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "list" -d 'Print the names of the stored keys'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "rm" -d 'Delete a key'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c llmroute -n "__fish_llmroute_using_subcommand completions" -s p -l profile -d 'Profile to use: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand completions" -l color -d 'When to use colour' -r -f -a "auto\t'If standard error is a terminal, unless `NO_COLOR` or `TERM=dumb` is set'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand completions" -l state -d 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand completions" -s q -l quiet -d 'Print only errors to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand completions" -s v -l verbose -d 'Print more to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand completions" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand man" -s p -l profile -d 'Profile to use: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand man" -l color -d 'When to use colour' -r -f -a "auto\t'If standard error is a terminal, unless `NO_COLOR` or `TERM=dumb` is set'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand man" -l state -d 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand man" -s q -l quiet -d 'Print only errors to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand man" -s v -l verbose -d 'Print more to standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand man" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "ask" -d 'Send a prompt to a model group and print the answer'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "chat" -d 'Hold a conversation with a model group'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "route" -d 'Show which deployments a prompt would be sent to, and why, without sending it'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "health" -d 'Check which deployments can answer, and why the others cannot'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "bench" -d 'Compare deployments: time to first token, tokens per second, errors, cost'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "logs" -d 'Show logged requests and answers'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "stats" -d 'Show statistics of the logged calls: success, failovers, speed, tokens and cost'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "providers" -d 'Show which providers are set up and where their keys come from'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "models" -d 'Show prices, limits and capabilities of models, and their sources'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "profile" -d 'Check, show or locate the profile'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "state" -d 'Show or reset the state that processes share'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "keys" -d 'Manage API keys in the system keyring'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "completions" -d 'Print shell completions'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "man" -d 'Print the manual page of a command'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and __fish_seen_subcommand_from models" -f -a "refresh" -d 'Fetch a newer table from models.dev'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and __fish_seen_subcommand_from profile" -f -a "check" -d 'Report all errors, warnings and notes'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and __fish_seen_subcommand_from profile" -f -a "show" -d 'Print the resolved profile, with the source of each value'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and __fish_seen_subcommand_from profile" -f -a "path" -d 'Print the path of the profile'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and __fish_seen_subcommand_from state" -f -a "show" -d 'Show the state of every deployment and group'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and __fish_seen_subcommand_from state" -f -a "reset" -d 'Delete what was learned about one deployment or about all'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and __fish_seen_subcommand_from state" -f -a "path" -d 'Print the location of the state'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and __fish_seen_subcommand_from keys" -f -a "set" -d 'Store a key, read from the terminal without echo or from standard input'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and __fish_seen_subcommand_from keys" -f -a "list" -d 'Print the names of the stored keys'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and __fish_seen_subcommand_from keys" -f -a "rm" -d 'Delete a key'
