
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'llmroute' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'llmroute'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'llmroute' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('ask', 'ask', [CompletionResultType]::ParameterValue, 'Ask a model group for one answer')
            [CompletionResult]::new('chat', 'chat', [CompletionResultType]::ParameterValue, 'Talk with a model group')
            [CompletionResult]::new('route', 'route', [CompletionResultType]::ParameterValue, 'Show who would be asked and why, without calling anyone')
            [CompletionResult]::new('health', 'health', [CompletionResultType]::ParameterValue, 'Look whether the deployments could answer, and what stands in the way of the others')
            [CompletionResult]::new('bench', 'bench', [CompletionResultType]::ParameterValue, 'Compare deployments: time to first token, tokens a second, errors, cost')
            [CompletionResult]::new('logs', 'logs', [CompletionResultType]::ParameterValue, 'Show what was asked and answered')
            [CompletionResult]::new('stats', 'stats', [CompletionResultType]::ParameterValue, 'Show what the logged calls were: success, failovers, speed, tokens and cost')
            [CompletionResult]::new('providers', 'providers', [CompletionResultType]::ParameterValue, 'Show which providers are set up, and where their keys come from')
            [CompletionResult]::new('models', 'models', [CompletionResultType]::ParameterValue, 'Show what is known of models: price, limits, capabilities, and where it comes from')
            [CompletionResult]::new('profile', 'profile', [CompletionResultType]::ParameterValue, 'Check and show the profile')
            [CompletionResult]::new('state', 'state', [CompletionResultType]::ParameterValue, 'Show and forget what the processes share')
            [CompletionResult]::new('keys', 'keys', [CompletionResultType]::ParameterValue, 'Keep keys in the keyring of the system')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completions of a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the manual page of a command')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'llmroute;ask' {
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model group, or one model without routing')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model group, or one model without routing')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'System prompt')
            [CompletionResult]::new('--system', '--system', [CompletionResultType]::ParameterName, 'System prompt')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'This template of the profile; `-o NAME=VALUE` fills its `{{NAME}}`')
            [CompletionResult]::new('--template', '--template', [CompletionResultType]::ParameterName, 'This template of the profile; `-o NAME=VALUE` fills its `{{NAME}}`')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Put the text of FILE before the prompt; may be repeated')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'Put the text of FILE before the prompt; may be repeated')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Show the model an image or a PDF file, from FILE, an address or standard input (`-`); may be repeated')
            [CompletionResult]::new('--attachment', '--attachment', [CompletionResultType]::ParameterName, 'Show the model an image or a PDF file, from FILE, an address or standard input (`-`); may be repeated')
            [CompletionResult]::new('--cid', '--cid', [CompletionResultType]::ParameterName, 'Continue this conversation: its id or that of a turn, or the unique beginning or end of one')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Set a model option or another field of the request body; may be repeated')
            [CompletionResult]::new('--option', '--option', [CompletionResultType]::ParameterName, 'Set a model option or another field of the request body; may be repeated')
            [CompletionResult]::new('--temperature', '--temperature', [CompletionResultType]::ParameterName, 'Randomness of the answer')
            [CompletionResult]::new('--max-tokens', '--max-tokens', [CompletionResultType]::ParameterName, 'The most tokens to generate')
            [CompletionResult]::new('--reasoning-effort', '--reasoning-effort', [CompletionResultType]::ParameterName, 'How long the model may reason')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'The answer is JSON that satisfies this JSON Schema; it is printed when it is whole')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of the model''s sampling')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'Label for rules and statistics; may be repeated')
            [CompletionResult]::new('--require-tag', '--require-tag', [CompletionResultType]::ParameterName, 'Only deployments with this tag, or without it (`!TAG`); may be repeated')
            [CompletionResult]::new('--fallback', '--fallback', [CompletionResultType]::ParameterName, 'This group or model when the first one fails, instead of the profile''s fallbacks; may be repeated')
            [CompletionResult]::new('--strategy', '--strategy', [CompletionResultType]::ParameterName, 'Order deployments by this strategy, whatever the groups say')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'Who asks, for rules and for groups that are sticky by user; not sent to anybody')
            [CompletionResult]::new('--num-retries', '--num-retries', [CompletionResultType]::ParameterName, 'Further attempts inside a group after the first')
            [CompletionResult]::new('--midstream', '--midstream', [CompletionResultType]::ParameterName, 'What happens when an answer breaks after its beginning was printed')
            [CompletionResult]::new('--hedge', '--hedge', [CompletionResultType]::ParameterName, 'Ask a second deployment, too, when no token came by then; the first to begin answers')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Limit of one attempt')
            [CompletionResult]::new('--first-token-timeout', '--first-token-timeout', [CompletionResultType]::ParameterName, 'Limit until the first token of an attempt')
            [CompletionResult]::new('--idle-timeout', '--idle-timeout', [CompletionResultType]::ParameterName, 'Limit of silence between two tokens')
            [CompletionResult]::new('--deadline', '--deadline', [CompletionResultType]::ParameterName, 'Limit of everything: attempts, waits, fallbacks')
            [CompletionResult]::new('--max-cost', '--max-cost', [CompletionResultType]::ParameterName, 'Only deployments whose estimated cost is known and at most this')
            [CompletionResult]::new('--route-seed', '--route-seed', [CompletionResultType]::ParameterName, 'Seed of the routing''s own luck')
            [CompletionResult]::new('--verify', '--verify', [CompletionResultType]::ParameterName, 'The answer is good if this shell command, which gets it on standard input, ends with status 0')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write the answer to FILE, whole or not at all')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Continue the newest conversation; an `ask` begins one')
            [CompletionResult]::new('--continue', '--continue', [CompletionResultType]::ParameterName, 'Continue the newest conversation; an `ask` begins one')
            [CompletionResult]::new('--no-stdin', '--no-stdin', [CompletionResultType]::ParameterName, 'Do not read standard input')
            [CompletionResult]::new('--no-fallback', '--no-fallback', [CompletionResultType]::ParameterName, 'No fallback group')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object with the answer and how it came about')
            [CompletionResult]::new('--stream-json', '--stream-json', [CompletionResultType]::ParameterName, 'Print one JSON event a line as the answer comes')
            [CompletionResult]::new('-S', '-S ', [CompletionResultType]::ParameterName, 'Print the answer only when it is whole')
            [CompletionResult]::new('--no-stream', '--no-stream', [CompletionResultType]::ParameterName, 'Print the answer only when it is whole')
            [CompletionResult]::new('-x', '-x', [CompletionResultType]::ParameterName, 'Print only the first fenced block of the answer')
            [CompletionResult]::new('--extract', '--extract', [CompletionResultType]::ParameterName, 'Print only the first fenced block of the answer')
            [CompletionResult]::new('-u', '-u', [CompletionResultType]::ParameterName, 'Say on standard error who answered, tokens, cost and speed')
            [CompletionResult]::new('--usage', '--usage', [CompletionResultType]::ParameterName, 'Say on standard error who answered, tokens, cost and speed')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show who would be asked and with what, and send nothing')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Do not write this request into the log')
            [CompletionResult]::new('--no-log', '--no-log', [CompletionResultType]::ParameterName, 'Do not write this request into the log')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;chat' {
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model group, or one model without routing')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model group, or one model without routing')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'System prompt')
            [CompletionResult]::new('--system', '--system', [CompletionResultType]::ParameterName, 'System prompt')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'This template of the profile; `-o NAME=VALUE` fills its `{{NAME}}`')
            [CompletionResult]::new('--template', '--template', [CompletionResultType]::ParameterName, 'This template of the profile; `-o NAME=VALUE` fills its `{{NAME}}`')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Put the text of FILE before the first message; may be repeated')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'Put the text of FILE before the first message; may be repeated')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Show the model an image or a PDF file with the first message; may be repeated')
            [CompletionResult]::new('--attachment', '--attachment', [CompletionResultType]::ParameterName, 'Show the model an image or a PDF file with the first message; may be repeated')
            [CompletionResult]::new('--resume', '--resume', [CompletionResultType]::ParameterName, 'Go on with the conversation ID, or with the last one')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Set a model option or another field of the request body; may be repeated')
            [CompletionResult]::new('--option', '--option', [CompletionResultType]::ParameterName, 'Set a model option or another field of the request body; may be repeated')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'Show answers as they are, without rendering Markdown')
            [CompletionResult]::new('--vi', '--vi', [CompletionResultType]::ParameterName, 'Edit with the keys of vi')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;route' {
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model group, or one model without routing')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model group, or one model without routing')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'System prompt')
            [CompletionResult]::new('--system', '--system', [CompletionResultType]::ParameterName, 'System prompt')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'This template of the profile; `-o NAME=VALUE` fills its `{{NAME}}`')
            [CompletionResult]::new('--template', '--template', [CompletionResultType]::ParameterName, 'This template of the profile; `-o NAME=VALUE` fills its `{{NAME}}`')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Put the text of FILE before the prompt; may be repeated')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'Put the text of FILE before the prompt; may be repeated')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Show the model an image or a PDF file, from FILE, an address or standard input (`-`); may be repeated')
            [CompletionResult]::new('--attachment', '--attachment', [CompletionResultType]::ParameterName, 'Show the model an image or a PDF file, from FILE, an address or standard input (`-`); may be repeated')
            [CompletionResult]::new('--cid', '--cid', [CompletionResultType]::ParameterName, 'Continue this conversation: its id or that of a turn, or the unique beginning or end of one')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Set a model option or another field of the request body; may be repeated')
            [CompletionResult]::new('--option', '--option', [CompletionResultType]::ParameterName, 'Set a model option or another field of the request body; may be repeated')
            [CompletionResult]::new('--temperature', '--temperature', [CompletionResultType]::ParameterName, 'Randomness of the answer')
            [CompletionResult]::new('--max-tokens', '--max-tokens', [CompletionResultType]::ParameterName, 'The most tokens to generate')
            [CompletionResult]::new('--reasoning-effort', '--reasoning-effort', [CompletionResultType]::ParameterName, 'How long the model may reason')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'The answer is JSON that satisfies this JSON Schema; it is printed when it is whole')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of the model''s sampling')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'Label for rules and statistics; may be repeated')
            [CompletionResult]::new('--require-tag', '--require-tag', [CompletionResultType]::ParameterName, 'Only deployments with this tag, or without it (`!TAG`); may be repeated')
            [CompletionResult]::new('--fallback', '--fallback', [CompletionResultType]::ParameterName, 'This group or model when the first one fails, instead of the profile''s fallbacks; may be repeated')
            [CompletionResult]::new('--strategy', '--strategy', [CompletionResultType]::ParameterName, 'Order deployments by this strategy, whatever the groups say')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'Who asks, for rules and for groups that are sticky by user; not sent to anybody')
            [CompletionResult]::new('--num-retries', '--num-retries', [CompletionResultType]::ParameterName, 'Further attempts inside a group after the first')
            [CompletionResult]::new('--midstream', '--midstream', [CompletionResultType]::ParameterName, 'What happens when an answer breaks after its beginning was printed')
            [CompletionResult]::new('--hedge', '--hedge', [CompletionResultType]::ParameterName, 'Ask a second deployment, too, when no token came by then; the first to begin answers')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Limit of one attempt')
            [CompletionResult]::new('--first-token-timeout', '--first-token-timeout', [CompletionResultType]::ParameterName, 'Limit until the first token of an attempt')
            [CompletionResult]::new('--idle-timeout', '--idle-timeout', [CompletionResultType]::ParameterName, 'Limit of silence between two tokens')
            [CompletionResult]::new('--deadline', '--deadline', [CompletionResultType]::ParameterName, 'Limit of everything: attempts, waits, fallbacks')
            [CompletionResult]::new('--max-cost', '--max-cost', [CompletionResultType]::ParameterName, 'Only deployments whose estimated cost is known and at most this')
            [CompletionResult]::new('--route-seed', '--route-seed', [CompletionResultType]::ParameterName, 'Seed of the routing''s own luck')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Continue the newest conversation; an `ask` begins one')
            [CompletionResult]::new('--continue', '--continue', [CompletionResultType]::ParameterName, 'Continue the newest conversation; an `ask` begins one')
            [CompletionResult]::new('--no-stdin', '--no-stdin', [CompletionResultType]::ParameterName, 'Do not read standard input')
            [CompletionResult]::new('--no-fallback', '--no-fallback', [CompletionResultType]::ParameterName, 'No fallback group')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;health' {
            [CompletionResult]::new('--watch', '--watch', [CompletionResultType]::ParameterName, 'Look again and again: redrawn on a terminal, changes only elsewhere')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'All limits of time together (default 10s)')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it')
            [CompletionResult]::new('--live', '--live', [CompletionResultType]::ParameterName, 'Make one call of one token to each; success closes a cooldown at once, failure begins one')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'JSON: one object; with `--watch` one object a change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;bench' {
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The deployments of this group, or one model; may be repeated. The default group when none is given')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The deployments of this group, or one model; may be repeated. The default group when none is given')
            [CompletionResult]::new('--prompts', '--prompts', [CompletionResultType]::ParameterName, 'Prompts in turn: one a line, or JSON objects with a `prompt`')
            [CompletionResult]::new('--input-tokens', '--input-tokens', [CompletionResultType]::ParameterName, 'A made-up prompt of about so many tokens')
            [CompletionResult]::new('--output-tokens', '--output-tokens', [CompletionResultType]::ParameterName, 'The most tokens of an answer; a made-up prompt asks for that many')
            [CompletionResult]::new('--max-tokens', '--max-tokens', [CompletionResultType]::ParameterName, 'The most tokens of an answer; a made-up prompt asks for that many')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Set a model option or another field of the request body; may be repeated')
            [CompletionResult]::new('--option', '--option', [CompletionResultType]::ParameterName, 'Set a model option or another field of the request body; may be repeated')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Rounds')
            [CompletionResult]::new('--rounds', '--rounds', [CompletionResultType]::ParameterName, 'Rounds')
            [CompletionResult]::new('--duration', '--duration', [CompletionResultType]::ParameterName, 'Begin no round after this')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Calls in flight at each deployment')
            [CompletionResult]::new('--concurrency', '--concurrency', [CompletionResultType]::ParameterName, 'Calls in flight at each deployment')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'Start so many calls a second at each deployment, whether earlier ones are done or not; latency counts from the intended start')
            [CompletionResult]::new('--arrival', '--arrival', [CompletionResultType]::ParameterName, 'How the starts of `--rate` are spread')
            [CompletionResult]::new('--sweep', '--sweep', [CompletionResultType]::ParameterName, 'Repeat with so many calls in flight: a comma-separated list')
            [CompletionResult]::new('--slo', '--slo', [CompletionResultType]::ParameterName, 'What a good call is, for goodput: `ttft=500ms,tpot=50ms,e2e=5s`')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of orders, prompts, arrivals and statistics')
            [CompletionResult]::new('--max-cost', '--max-cost', [CompletionResultType]::ParameterName, 'Begin no call that could pass this')
            [CompletionResult]::new('--html', '--html', [CompletionResultType]::ParameterName, 'Write a page with tables and plots to FILE, too')
            [CompletionResult]::new('--save', '--save', [CompletionResultType]::ParameterName, 'Save the run under this name in the folder of the state, or in this file')
            [CompletionResult]::new('--compare', '--compare', [CompletionResultType]::ParameterName, 'Compare with a saved run; exit 1 if worse beyond the interval')
            [CompletionResult]::new('--inject', '--inject', [CompletionResultType]::ParameterName, 'Run the group against simulated deployments with these faults, and score it: `503@20%,stall@5%,cut@40,slow=2s`')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it')
            [CompletionResult]::new('--allow-cache', '--allow-cache', [CompletionResultType]::ParameterName, 'Send the same text every time, so that the providers'' prompt caches may answer')
            [CompletionResult]::new('--find-limit', '--find-limit', [CompletionResultType]::ParameterName, 'Find the highest rate with at most 1 % errors and a p95 of the TTFT within `--slo`')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask before spending')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask before spending')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print the plan and what it may cost, and send nothing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON object: every sample and the summary')
            [CompletionResult]::new('--csv', '--csv', [CompletionResultType]::ParameterName, 'CSV: one row a call')
            [CompletionResult]::new('--markdown', '--markdown', [CompletionResultType]::ParameterName, 'Markdown: the table, the plan and the verdicts')
            [CompletionResult]::new('--ascii', '--ascii', [CompletionResultType]::ParameterName, 'Plots in ASCII')
            [CompletionResult]::new('--no-learn', '--no-learn', [CompletionResultType]::ParameterName, 'Do not let routing learn from the measurements')
            [CompletionResult]::new('--self-test', '--self-test', [CompletionResultType]::ParameterName, 'Measure the error of the measurement on this machine, with a built-in server')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;logs' {
            [CompletionResult]::new('--last', '--last', [CompletionResultType]::ParameterName, 'How many of the latest requests to list')
            [CompletionResult]::new('--search', '--search', [CompletionResultType]::ParameterName, 'Only requests with all these words in the prompt or in the answer; `word*` finds what begins so')
            [CompletionResult]::new('--group', '--group', [CompletionResultType]::ParameterName, 'Only requests to this group')
            [CompletionResult]::new('--deployment', '--deployment', [CompletionResultType]::ParameterName, 'Only requests for which this deployment was asked')
            [CompletionResult]::new('--class', '--class', [CompletionResultType]::ParameterName, 'Only requests in which something failed so, an attempt or all of it: `rate_limit`, `timeout`, …')
            [CompletionResult]::new('--outcome', '--outcome', [CompletionResultType]::ParameterName, 'Only requests that ended so')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Only requests from this time on: `2h` ago, or like `2026-11-01`, `2026-11-01T09:30`')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Only requests before this time')
            [CompletionResult]::new('--conversation', '--conversation', [CompletionResultType]::ParameterName, 'Only the turns of this conversation, those that were taken back included')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'Only requests with this label')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it')
            [CompletionResult]::new('--conversations', '--conversations', [CompletionResultType]::ParameterName, 'List conversations, by their last turns')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'JSON: one object a line')
            [CompletionResult]::new('--text', '--text', [CompletionResultType]::ParameterName, 'Only the text of the answer')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;stats' {
            [CompletionResult]::new('--days', '--days', [CompletionResultType]::ParameterName, 'Only the last so many days')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Only since a date (`2026-11-22`), or a time ago (`12h`, `7d`)')
            [CompletionResult]::new('--by', '--by', [CompletionResultType]::ParameterName, 'What is counted together')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'JSON: one object a line')
            [CompletionResult]::new('--csv', '--csv', [CompletionResultType]::ParameterName, 'Comma-separated values with a heading')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;providers' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'JSON: one object a line')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;models' {
            [CompletionResult]::new('--search', '--search', [CompletionResultType]::ParameterName, 'Only those whose name holds all of these words')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'JSON: one object a line')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('refresh', 'refresh', [CompletionResultType]::ParameterValue, 'Fetch a newer table from models.dev')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'llmroute;models;refresh' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;models;help' {
            [CompletionResult]::new('refresh', 'refresh', [CompletionResultType]::ParameterValue, 'Fetch a newer table from models.dev')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'llmroute;models;help;refresh' {
            break
        }
        'llmroute;models;help;help' {
            break
        }
        'llmroute;profile' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Report every mistake and remark at once')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Print the profile as it is understood, with where each value came from')
            [CompletionResult]::new('path', 'path', [CompletionResultType]::ParameterValue, 'Print where the profile is, or would be')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'llmroute;profile;check' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;profile;show' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;profile;path' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;profile;help' {
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Report every mistake and remark at once')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Print the profile as it is understood, with where each value came from')
            [CompletionResult]::new('path', 'path', [CompletionResultType]::ParameterValue, 'Print where the profile is, or would be')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'llmroute;profile;help;check' {
            break
        }
        'llmroute;profile;help;show' {
            break
        }
        'llmroute;profile;help;path' {
            break
        }
        'llmroute;profile;help;help' {
            break
        }
        'llmroute;state' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show what is known of every deployment and group')
            [CompletionResult]::new('reset', 'reset', [CompletionResultType]::ParameterValue, 'Forget what was learned, of one deployment or of all')
            [CompletionResult]::new('path', 'path', [CompletionResultType]::ParameterValue, 'Print where the state is')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'llmroute;state;show' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'JSON: one object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;state;reset' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it')
            [CompletionResult]::new('--log', '--log', [CompletionResultType]::ParameterName, 'Forget the log of requests too')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask whether to forget all')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask whether to forget all')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;state;path' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;state;help' {
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show what is known of every deployment and group')
            [CompletionResult]::new('reset', 'reset', [CompletionResultType]::ParameterValue, 'Forget what was learned, of one deployment or of all')
            [CompletionResult]::new('path', 'path', [CompletionResultType]::ParameterValue, 'Print where the state is')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'llmroute;state;help;show' {
            break
        }
        'llmroute;state;help;reset' {
            break
        }
        'llmroute;state;help;path' {
            break
        }
        'llmroute;state;help;help' {
            break
        }
        'llmroute;keys' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Keep a key; it is read from the terminal, unseen, or from standard input')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Print the names of the keys that were kept')
            [CompletionResult]::new('rm', 'rm', [CompletionResultType]::ParameterValue, 'Forget a key')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'llmroute;keys;set' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;keys;list' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;keys;rm' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;keys;help' {
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Keep a key; it is read from the terminal, unseen, or from standard input')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Print the names of the keys that were kept')
            [CompletionResult]::new('rm', 'rm', [CompletionResultType]::ParameterValue, 'Forget a key')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'llmroute;keys;help;set' {
            break
        }
        'llmroute;keys;help;list' {
            break
        }
        'llmroute;keys;help;rm' {
            break
        }
        'llmroute;keys;help;help' {
            break
        }
        'llmroute;completions' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;man' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where the shared state is: a directory, `memory`, `redis://HOST`, or `env:NAME` of a variable that says it')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;help' {
            [CompletionResult]::new('ask', 'ask', [CompletionResultType]::ParameterValue, 'Ask a model group for one answer')
            [CompletionResult]::new('chat', 'chat', [CompletionResultType]::ParameterValue, 'Talk with a model group')
            [CompletionResult]::new('route', 'route', [CompletionResultType]::ParameterValue, 'Show who would be asked and why, without calling anyone')
            [CompletionResult]::new('health', 'health', [CompletionResultType]::ParameterValue, 'Look whether the deployments could answer, and what stands in the way of the others')
            [CompletionResult]::new('bench', 'bench', [CompletionResultType]::ParameterValue, 'Compare deployments: time to first token, tokens a second, errors, cost')
            [CompletionResult]::new('logs', 'logs', [CompletionResultType]::ParameterValue, 'Show what was asked and answered')
            [CompletionResult]::new('stats', 'stats', [CompletionResultType]::ParameterValue, 'Show what the logged calls were: success, failovers, speed, tokens and cost')
            [CompletionResult]::new('providers', 'providers', [CompletionResultType]::ParameterValue, 'Show which providers are set up, and where their keys come from')
            [CompletionResult]::new('models', 'models', [CompletionResultType]::ParameterValue, 'Show what is known of models: price, limits, capabilities, and where it comes from')
            [CompletionResult]::new('profile', 'profile', [CompletionResultType]::ParameterValue, 'Check and show the profile')
            [CompletionResult]::new('state', 'state', [CompletionResultType]::ParameterValue, 'Show and forget what the processes share')
            [CompletionResult]::new('keys', 'keys', [CompletionResultType]::ParameterValue, 'Keep keys in the keyring of the system')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completions of a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the manual page of a command')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'llmroute;help;ask' {
            break
        }
        'llmroute;help;chat' {
            break
        }
        'llmroute;help;route' {
            break
        }
        'llmroute;help;health' {
            break
        }
        'llmroute;help;bench' {
            break
        }
        'llmroute;help;logs' {
            break
        }
        'llmroute;help;stats' {
            break
        }
        'llmroute;help;providers' {
            break
        }
        'llmroute;help;models' {
            [CompletionResult]::new('refresh', 'refresh', [CompletionResultType]::ParameterValue, 'Fetch a newer table from models.dev')
            break
        }
        'llmroute;help;models;refresh' {
            break
        }
        'llmroute;help;profile' {
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Report every mistake and remark at once')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Print the profile as it is understood, with where each value came from')
            [CompletionResult]::new('path', 'path', [CompletionResultType]::ParameterValue, 'Print where the profile is, or would be')
            break
        }
        'llmroute;help;profile;check' {
            break
        }
        'llmroute;help;profile;show' {
            break
        }
        'llmroute;help;profile;path' {
            break
        }
        'llmroute;help;state' {
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show what is known of every deployment and group')
            [CompletionResult]::new('reset', 'reset', [CompletionResultType]::ParameterValue, 'Forget what was learned, of one deployment or of all')
            [CompletionResult]::new('path', 'path', [CompletionResultType]::ParameterValue, 'Print where the state is')
            break
        }
        'llmroute;help;state;show' {
            break
        }
        'llmroute;help;state;reset' {
            break
        }
        'llmroute;help;state;path' {
            break
        }
        'llmroute;help;keys' {
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Keep a key; it is read from the terminal, unseen, or from standard input')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Print the names of the keys that were kept')
            [CompletionResult]::new('rm', 'rm', [CompletionResultType]::ParameterValue, 'Forget a key')
            break
        }
        'llmroute;help;keys;set' {
            break
        }
        'llmroute;help;keys;list' {
            break
        }
        'llmroute;help;keys;rm' {
            break
        }
        'llmroute;help;completions' {
            break
        }
        'llmroute;help;man' {
            break
        }
        'llmroute;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
