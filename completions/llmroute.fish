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

complete -c llmroute -n "__fish_llmroute_needs_command" -s p -l profile -d 'Profile: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_needs_command" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_needs_command" -l state -d 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it' -r
complete -c llmroute -n "__fish_llmroute_needs_command" -s q -l quiet -d 'Say nothing but errors on standard error'
complete -c llmroute -n "__fish_llmroute_needs_command" -s v -l verbose -d 'Say more on standard error'
complete -c llmroute -n "__fish_llmroute_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_needs_command" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "ask" -d 'Ask a model group for one answer'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "chat" -d 'Talk with a model group'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "route" -d 'Show who would be asked and why, without calling anyone'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "health" -d 'Look whether the deployments could answer, and what stands in the way of the others'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "bench" -d 'Compare deployments: time to first token, tokens a second, errors, cost'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "logs" -d 'Show what was asked and answered'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "stats" -d 'Show what the logged calls were: success, failovers, speed, tokens and cost'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "providers" -d 'Show which providers are set up, and where their keys come from'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "models" -d 'Show what is known of models: price, limits, capabilities, and where it comes from'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "profile" -d 'Check and show the profile'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "state" -d 'Show and forget what the processes share'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "keys" -d 'Keep keys in the keyring of the system'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "completions" -d 'Print the completions of a shell'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "man" -d 'Print the manual page of a command'
complete -c llmroute -n "__fish_llmroute_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s m -l model -d 'The model group, or one model without routing' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s s -l system -d 'System prompt' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s t -l template -d 'This template of the profile; `-o NAME=VALUE` fills its `{{NAME}}`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s f -l file -d 'Put the text of FILE before the prompt; may be repeated' -r -F
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s a -l attachment -d 'Show the model an image or a PDF file, from FILE, an address or standard input (`-`); may be repeated' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l cid -d 'Continue this conversation: its id or that of a turn, or the unique beginning or end of one' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s o -l option -d 'Set a model option or another field of the request body; may be repeated' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l temperature -d 'Randomness of the answer' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l max-tokens -d 'The most tokens to generate' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l reasoning-effort -d 'How long the model may reason' -r -f -a "none\t''
minimal\t''
low\t''
medium\t''
high\t''
xhigh\t''
max\t''"
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l schema -d 'The answer is JSON that satisfies this JSON Schema; it is printed when it is whole' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l seed -d 'Seed of the model\'s sampling' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l tag -d 'Label for rules and statistics; may be repeated' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l require-tag -d 'Only deployments with this tag, or without it (`!TAG`); may be repeated' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l fallback -d 'This group or model when the first one fails, instead of the profile\'s fallbacks; may be repeated' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l strategy -d 'Order deployments by this strategy, whatever the groups say' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l user -d 'Who asks, for rules and for groups that are sticky by user; not sent to anybody' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l num-retries -d 'Further attempts inside a group after the first' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l midstream -d 'What happens when an answer breaks after its beginning was printed' -r -f -a "exact\t'Only an exact continuation is printed; else exit 74'
restart\t'The new answer is printed from its beginning'
resume\t'The next deployment is told to continue, which makes one text of two models'
fail\t'The partial answer stands; exit 74'"
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l hedge -d 'Ask a second deployment, too, when no token came by then; the first to begin answers' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l timeout -d 'Limit of one attempt' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l first-token-timeout -d 'Limit until the first token of an attempt' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l idle-timeout -d 'Limit of silence between two tokens' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l deadline -d 'Limit of everything: attempts, waits, fallbacks' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l max-cost -d 'Only deployments whose estimated cost is known and at most this' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l route-seed -d 'Seed of the routing\'s own luck' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l verify -d 'The answer is good if this shell command, which gets it on standard input, ends with status 0' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l output -d 'Write the answer to FILE, whole or not at all' -r -F
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s p -l profile -d 'Profile: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l state -d 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s c -l continue -d 'Continue the newest conversation; an `ask` begins one'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l no-stdin -d 'Do not read standard input'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l no-fallback -d 'No fallback group'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l json -d 'Print one JSON object with the answer and how it came about'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l stream-json -d 'Print one JSON event a line as the answer comes'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s S -l no-stream -d 'Print the answer only when it is whole'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s x -l extract -d 'Print only the first fenced block of the answer'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s u -l usage -d 'Say on standard error who answered, tokens, cost and speed'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -l dry-run -d 'Show who would be asked and with what, and send nothing'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s n -l no-log -d 'Do not write this request into the log'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s q -l quiet -d 'Say nothing but errors on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s v -l verbose -d 'Say more on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand ask" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -s m -l model -d 'The model group, or one model without routing' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -s s -l system -d 'System prompt' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -s t -l template -d 'This template of the profile; `-o NAME=VALUE` fills its `{{NAME}}`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -s f -l file -d 'Put the text of FILE before the first message; may be repeated' -r -F
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -s a -l attachment -d 'Show the model an image or a PDF file with the first message; may be repeated' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -l resume -d 'Go on with the conversation ID, or with the last one' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -s o -l option -d 'Set a model option or another field of the request body; may be repeated' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -s p -l profile -d 'Profile: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -l state -d 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -l plain -d 'Show answers as they are, without rendering Markdown'
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -l vi -d 'Edit with the keys of vi'
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -s q -l quiet -d 'Say nothing but errors on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -s v -l verbose -d 'Say more on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand chat" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -s m -l model -d 'The model group, or one model without routing' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -s s -l system -d 'System prompt' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -s t -l template -d 'This template of the profile; `-o NAME=VALUE` fills its `{{NAME}}`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -s f -l file -d 'Put the text of FILE before the prompt; may be repeated' -r -F
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -s a -l attachment -d 'Show the model an image or a PDF file, from FILE, an address or standard input (`-`); may be repeated' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l cid -d 'Continue this conversation: its id or that of a turn, or the unique beginning or end of one' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -s o -l option -d 'Set a model option or another field of the request body; may be repeated' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l temperature -d 'Randomness of the answer' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l max-tokens -d 'The most tokens to generate' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l reasoning-effort -d 'How long the model may reason' -r -f -a "none\t''
minimal\t''
low\t''
medium\t''
high\t''
xhigh\t''
max\t''"
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l schema -d 'The answer is JSON that satisfies this JSON Schema; it is printed when it is whole' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l seed -d 'Seed of the model\'s sampling' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l tag -d 'Label for rules and statistics; may be repeated' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l require-tag -d 'Only deployments with this tag, or without it (`!TAG`); may be repeated' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l fallback -d 'This group or model when the first one fails, instead of the profile\'s fallbacks; may be repeated' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l strategy -d 'Order deployments by this strategy, whatever the groups say' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l user -d 'Who asks, for rules and for groups that are sticky by user; not sent to anybody' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l num-retries -d 'Further attempts inside a group after the first' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l midstream -d 'What happens when an answer breaks after its beginning was printed' -r -f -a "exact\t'Only an exact continuation is printed; else exit 74'
restart\t'The new answer is printed from its beginning'
resume\t'The next deployment is told to continue, which makes one text of two models'
fail\t'The partial answer stands; exit 74'"
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l hedge -d 'Ask a second deployment, too, when no token came by then; the first to begin answers' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l timeout -d 'Limit of one attempt' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l first-token-timeout -d 'Limit until the first token of an attempt' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l idle-timeout -d 'Limit of silence between two tokens' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l deadline -d 'Limit of everything: attempts, waits, fallbacks' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l max-cost -d 'Only deployments whose estimated cost is known and at most this' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l route-seed -d 'Seed of the routing\'s own luck' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -s p -l profile -d 'Profile: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l state -d 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -s c -l continue -d 'Continue the newest conversation; an `ask` begins one'
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l no-stdin -d 'Do not read standard input'
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l no-fallback -d 'No fallback group'
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -l json -d 'Print one JSON object'
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -s q -l quiet -d 'Say nothing but errors on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -s v -l verbose -d 'Say more on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand route" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand health" -l watch -d 'Look again and again: redrawn on a terminal, changes only elsewhere' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand health" -l timeout -d 'All limits of time together (default 10s)' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand health" -s p -l profile -d 'Profile: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand health" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand health" -l state -d 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand health" -l live -d 'Make one call of one token to each; success closes a cooldown at once, failure begins one'
complete -c llmroute -n "__fish_llmroute_using_subcommand health" -l json -d 'JSON: one object; with `--watch` one object a change'
complete -c llmroute -n "__fish_llmroute_using_subcommand health" -s q -l quiet -d 'Say nothing but errors on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand health" -s v -l verbose -d 'Say more on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand health" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand health" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -s m -l model -d 'The deployments of this group, or one model; may be repeated. The default group when none is given' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l prompts -d 'Prompts in turn: one a line, or JSON objects with a `prompt`' -r -F
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l input-tokens -d 'A made-up prompt of about so many tokens' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l output-tokens -l max-tokens -d 'The most tokens of an answer; a made-up prompt asks for that many' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -s o -l option -d 'Set a model option or another field of the request body; may be repeated' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -s n -l rounds -d 'Rounds' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l duration -d 'Begin no round after this' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -s c -l concurrency -d 'Calls in flight at each deployment' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l rate -d 'Start so many calls a second at each deployment, whether earlier ones are done or not; latency counts from the intended start' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l arrival -d 'How the starts of `--rate` are spread' -r -f -a "constant\t'At equal distances'
poisson\t'Independently of each other, as users come'"
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l sweep -d 'Repeat with so many calls in flight: a comma-separated list' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l slo -d 'What a good call is, for goodput: `ttft=500ms,tpot=50ms,e2e=5s`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l seed -d 'Seed of orders, prompts, arrivals and statistics' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l max-cost -d 'Begin no call that could pass this' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l html -d 'Write a page with tables and plots to FILE, too' -r -F
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l save -d 'Save the run under this name in the folder of the state, or in this file' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l compare -d 'Compare with a saved run; exit 1 if worse beyond the interval' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l inject -d 'Run the group against simulated deployments with these faults, and score it: `503@20%,stall@5%,cut@40,slow=2s`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -s p -l profile -d 'Profile: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l state -d 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l allow-cache -d 'Send the same text every time, so that the providers\' prompt caches may answer'
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l find-limit -d 'Find the highest rate with at most 1 % errors and a p95 of the TTFT within `--slo`'
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -s y -l yes -d 'Do not ask before spending'
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l dry-run -d 'Print the plan and what it may cost, and send nothing'
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l json -d 'One JSON object: every sample and the summary'
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l csv -d 'CSV: one row a call'
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l markdown -d 'Markdown: the table, the plan and the verdicts'
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l ascii -d 'Plots in ASCII'
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l no-learn -d 'Do not let routing learn from the measurements'
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -l self-test -d 'Measure the error of the measurement on this machine, with a built-in server'
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -s q -l quiet -d 'Say nothing but errors on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -s v -l verbose -d 'Say more on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand bench" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l last -d 'How many of the latest requests to list' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l search -d 'Only requests with all these words in the prompt or in the answer; `word*` finds what begins so' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l group -d 'Only requests to this group' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l deployment -d 'Only requests for which this deployment was asked' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l class -d 'Only requests in which something failed so, an attempt or all of it: `rate_limit`, `timeout`, …' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l outcome -d 'Only requests that ended so' -r -f -a "ok\t'One complete answer'
partial\t'A part of an answer was given out'
failed\t'No answer'
cancelled\t'The person stopped it'
unfinished\t'It runs, or its process died'"
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l since -d 'Only requests from this time on: `2h` ago, or like `2026-11-01`, `2026-11-01T09:30`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l until -d 'Only requests before this time' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l conversation -d 'Only the turns of this conversation, those that were taken back included' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l tag -d 'Only requests with this label' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -s p -l profile -d 'Profile: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l state -d 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l conversations -d 'List conversations, by their last turns'
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l json -d 'JSON: one object a line'
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -l text -d 'Only the text of the answer'
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -s q -l quiet -d 'Say nothing but errors on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -s v -l verbose -d 'Say more on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand logs" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand stats" -l days -d 'Only the last so many days' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand stats" -l since -d 'Only since a date (`2026-11-22`), or a time ago (`12h`, `7d`)' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand stats" -l by -d 'What is counted together' -r -f -a "deployment\t'Who was called'
day\t'The day of the request, here'
group\t'The group that was asked'"
complete -c llmroute -n "__fish_llmroute_using_subcommand stats" -s p -l profile -d 'Profile: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand stats" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand stats" -l state -d 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand stats" -l json -d 'JSON: one object a line'
complete -c llmroute -n "__fish_llmroute_using_subcommand stats" -l csv -d 'Comma-separated values with a heading'
complete -c llmroute -n "__fish_llmroute_using_subcommand stats" -s q -l quiet -d 'Say nothing but errors on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand stats" -s v -l verbose -d 'Say more on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand stats" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand stats" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand providers" -s p -l profile -d 'Profile: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand providers" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand providers" -l state -d 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand providers" -l json -d 'JSON: one object a line'
complete -c llmroute -n "__fish_llmroute_using_subcommand providers" -s q -l quiet -d 'Say nothing but errors on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand providers" -s v -l verbose -d 'Say more on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand providers" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand providers" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and not __fish_seen_subcommand_from refresh help" -l search -d 'Only those whose name holds all of these words' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and not __fish_seen_subcommand_from refresh help" -s p -l profile -d 'Profile: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and not __fish_seen_subcommand_from refresh help" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and not __fish_seen_subcommand_from refresh help" -l state -d 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and not __fish_seen_subcommand_from refresh help" -l json -d 'JSON: one object a line'
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and not __fish_seen_subcommand_from refresh help" -s q -l quiet -d 'Say nothing but errors on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and not __fish_seen_subcommand_from refresh help" -s v -l verbose -d 'Say more on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and not __fish_seen_subcommand_from refresh help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and not __fish_seen_subcommand_from refresh help" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and not __fish_seen_subcommand_from refresh help" -a "refresh" -d 'Fetch a newer table from models.dev'
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and not __fish_seen_subcommand_from refresh help" -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and __fish_seen_subcommand_from refresh" -s p -l profile -d 'Profile: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and __fish_seen_subcommand_from refresh" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and __fish_seen_subcommand_from refresh" -l state -d 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and __fish_seen_subcommand_from refresh" -s q -l quiet -d 'Say nothing but errors on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and __fish_seen_subcommand_from refresh" -s v -l verbose -d 'Say more on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and __fish_seen_subcommand_from refresh" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and __fish_seen_subcommand_from refresh" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and __fish_seen_subcommand_from help" -f -a "refresh" -d 'Fetch a newer table from models.dev'
complete -c llmroute -n "__fish_llmroute_using_subcommand models; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and not __fish_seen_subcommand_from check show path help" -s p -l profile -d 'Profile: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and not __fish_seen_subcommand_from check show path help" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and not __fish_seen_subcommand_from check show path help" -l state -d 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and not __fish_seen_subcommand_from check show path help" -s q -l quiet -d 'Say nothing but errors on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and not __fish_seen_subcommand_from check show path help" -s v -l verbose -d 'Say more on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and not __fish_seen_subcommand_from check show path help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and not __fish_seen_subcommand_from check show path help" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and not __fish_seen_subcommand_from check show path help" -f -a "check" -d 'Report every mistake and remark at once'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and not __fish_seen_subcommand_from check show path help" -f -a "show" -d 'Print the profile as it is understood, with where each value came from'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and not __fish_seen_subcommand_from check show path help" -f -a "path" -d 'Print where the profile is, or would be'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and not __fish_seen_subcommand_from check show path help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from check" -s p -l profile -d 'Profile: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from check" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from check" -l state -d 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Say nothing but errors on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Say more on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from check" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from show" -s p -l profile -d 'Profile: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from show" -l state -d 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but errors on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from path" -s p -l profile -d 'Profile: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from path" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from path" -l state -d 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from path" -s q -l quiet -d 'Say nothing but errors on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from path" -s v -l verbose -d 'Say more on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from path" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "check" -d 'Report every mistake and remark at once'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "show" -d 'Print the profile as it is understood, with where each value came from'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "path" -d 'Print where the profile is, or would be'
complete -c llmroute -n "__fish_llmroute_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and not __fish_seen_subcommand_from show reset path help" -s p -l profile -d 'Profile: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and not __fish_seen_subcommand_from show reset path help" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and not __fish_seen_subcommand_from show reset path help" -l state -d 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and not __fish_seen_subcommand_from show reset path help" -s q -l quiet -d 'Say nothing but errors on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and not __fish_seen_subcommand_from show reset path help" -s v -l verbose -d 'Say more on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and not __fish_seen_subcommand_from show reset path help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and not __fish_seen_subcommand_from show reset path help" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and not __fish_seen_subcommand_from show reset path help" -f -a "show" -d 'Show what is known of every deployment and group'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and not __fish_seen_subcommand_from show reset path help" -f -a "reset" -d 'Forget what was learned, of one deployment or of all'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and not __fish_seen_subcommand_from show reset path help" -f -a "path" -d 'Print where the state is'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and not __fish_seen_subcommand_from show reset path help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from show" -s p -l profile -d 'Profile: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from show" -l state -d 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from show" -l json -d 'JSON: one object'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but errors on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from reset" -s p -l profile -d 'Profile: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from reset" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from reset" -l state -d 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from reset" -l log -d 'Forget the log of requests too'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from reset" -s y -l yes -d 'Do not ask whether to forget all'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from reset" -s q -l quiet -d 'Say nothing but errors on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from reset" -s v -l verbose -d 'Say more on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from reset" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from reset" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from path" -s p -l profile -d 'Profile: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from path" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from path" -l state -d 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from path" -s q -l quiet -d 'Say nothing but errors on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from path" -s v -l verbose -d 'Say more on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from path" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show what is known of every deployment and group'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from help" -f -a "reset" -d 'Forget what was learned, of one deployment or of all'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from help" -f -a "path" -d 'Print where the state is'
complete -c llmroute -n "__fish_llmroute_using_subcommand state; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and not __fish_seen_subcommand_from set list rm help" -s p -l profile -d 'Profile: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and not __fish_seen_subcommand_from set list rm help" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and not __fish_seen_subcommand_from set list rm help" -l state -d 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and not __fish_seen_subcommand_from set list rm help" -s q -l quiet -d 'Say nothing but errors on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and not __fish_seen_subcommand_from set list rm help" -s v -l verbose -d 'Say more on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and not __fish_seen_subcommand_from set list rm help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and not __fish_seen_subcommand_from set list rm help" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and not __fish_seen_subcommand_from set list rm help" -f -a "set" -d 'Keep a key; it is read from the terminal, unseen, or from standard input'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and not __fish_seen_subcommand_from set list rm help" -f -a "list" -d 'Print the names of the keys that were kept'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and not __fish_seen_subcommand_from set list rm help" -f -a "rm" -d 'Forget a key'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and not __fish_seen_subcommand_from set list rm help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from set" -s p -l profile -d 'Profile: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from set" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from set" -l state -d 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from set" -s q -l quiet -d 'Say nothing but errors on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from set" -s v -l verbose -d 'Say more on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from set" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from list" -s p -l profile -d 'Profile: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from list" -l state -d 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but errors on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from rm" -s p -l profile -d 'Profile: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from rm" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from rm" -l state -d 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from rm" -s q -l quiet -d 'Say nothing but errors on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from rm" -s v -l verbose -d 'Say more on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from rm" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "set" -d 'Keep a key; it is read from the terminal, unseen, or from standard input'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "list" -d 'Print the names of the keys that were kept'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "rm" -d 'Forget a key'
complete -c llmroute -n "__fish_llmroute_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c llmroute -n "__fish_llmroute_using_subcommand completions" -s p -l profile -d 'Profile: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand completions" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand completions" -l state -d 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand completions" -s q -l quiet -d 'Say nothing but errors on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand completions" -s v -l verbose -d 'Say more on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand completions" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand man" -s p -l profile -d 'Profile: a name, a file, or `demo`' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand man" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise'
always\t'Always'
never\t'Never'"
complete -c llmroute -n "__fish_llmroute_using_subcommand man" -l state -d 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it' -r
complete -c llmroute -n "__fish_llmroute_using_subcommand man" -s q -l quiet -d 'Say nothing but errors on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand man" -s v -l verbose -d 'Say more on standard error'
complete -c llmroute -n "__fish_llmroute_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmroute -n "__fish_llmroute_using_subcommand man" -s V -l version -d 'Print version'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "ask" -d 'Ask a model group for one answer'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "chat" -d 'Talk with a model group'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "route" -d 'Show who would be asked and why, without calling anyone'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "health" -d 'Look whether the deployments could answer, and what stands in the way of the others'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "bench" -d 'Compare deployments: time to first token, tokens a second, errors, cost'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "logs" -d 'Show what was asked and answered'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "stats" -d 'Show what the logged calls were: success, failovers, speed, tokens and cost'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "providers" -d 'Show which providers are set up, and where their keys come from'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "models" -d 'Show what is known of models: price, limits, capabilities, and where it comes from'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "profile" -d 'Check and show the profile'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "state" -d 'Show and forget what the processes share'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "keys" -d 'Keep keys in the keyring of the system'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "completions" -d 'Print the completions of a shell'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "man" -d 'Print the manual page of a command'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and not __fish_seen_subcommand_from ask chat route health bench logs stats providers models profile state keys completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and __fish_seen_subcommand_from models" -f -a "refresh" -d 'Fetch a newer table from models.dev'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and __fish_seen_subcommand_from profile" -f -a "check" -d 'Report every mistake and remark at once'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and __fish_seen_subcommand_from profile" -f -a "show" -d 'Print the profile as it is understood, with where each value came from'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and __fish_seen_subcommand_from profile" -f -a "path" -d 'Print where the profile is, or would be'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and __fish_seen_subcommand_from state" -f -a "show" -d 'Show what is known of every deployment and group'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and __fish_seen_subcommand_from state" -f -a "reset" -d 'Forget what was learned, of one deployment or of all'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and __fish_seen_subcommand_from state" -f -a "path" -d 'Print where the state is'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and __fish_seen_subcommand_from keys" -f -a "set" -d 'Keep a key; it is read from the terminal, unseen, or from standard input'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and __fish_seen_subcommand_from keys" -f -a "list" -d 'Print the names of the keys that were kept'
complete -c llmroute -n "__fish_llmroute_using_subcommand help; and __fish_seen_subcommand_from keys" -f -a "rm" -d 'Forget a key'
