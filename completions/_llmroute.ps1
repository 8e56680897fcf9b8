
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
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('ask', 'ask', [CompletionResultType]::ParameterValue, 'Send a prompt to a model group and print the answer')
            [CompletionResult]::new('chat', 'chat', [CompletionResultType]::ParameterValue, 'Hold a conversation with a model group')
            [CompletionResult]::new('route', 'route', [CompletionResultType]::ParameterValue, 'Show which deployments a prompt would be sent to, and why, without sending it')
            [CompletionResult]::new('health', 'health', [CompletionResultType]::ParameterValue, 'Check which deployments can answer, and why the others cannot')
            [CompletionResult]::new('bench', 'bench', [CompletionResultType]::ParameterValue, 'Compare deployments: time to first token, tokens per second, errors, cost')
            [CompletionResult]::new('logs', 'logs', [CompletionResultType]::ParameterValue, 'Show logged requests and answers')
            [CompletionResult]::new('stats', 'stats', [CompletionResultType]::ParameterValue, 'Show statistics of the logged calls: success, failovers, speed, tokens and cost')
            [CompletionResult]::new('providers', 'providers', [CompletionResultType]::ParameterValue, 'Show which providers are set up and where their keys come from')
            [CompletionResult]::new('models', 'models', [CompletionResultType]::ParameterValue, 'Show prices, limits and capabilities of models, and their sources')
            [CompletionResult]::new('profile', 'profile', [CompletionResultType]::ParameterValue, 'Check, show or locate the profile')
            [CompletionResult]::new('state', 'state', [CompletionResultType]::ParameterValue, 'Show or reset the state that processes share')
            [CompletionResult]::new('keys', 'keys', [CompletionResultType]::ParameterValue, 'Manage API keys in the system keyring')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print shell completions')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the manual page of a command')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'llmroute;ask' {
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Model group, or a single model without routing')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Model group, or a single model without routing')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'System prompt')
            [CompletionResult]::new('--system', '--system', [CompletionResultType]::ParameterName, 'System prompt')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Template of the profile; `-o NAME=VALUE` fills `{{NAME}}`')
            [CompletionResult]::new('--template', '--template', [CompletionResultType]::ParameterName, 'Template of the profile; `-o NAME=VALUE` fills `{{NAME}}`')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Put the text of FILE, or of standard input (`-`), before the prompt; can be repeated')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'Put the text of FILE, or of standard input (`-`), before the prompt; can be repeated')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Attach an image or a PDF file, from a file, a URL or standard input (`-`); can be repeated')
            [CompletionResult]::new('--attachment', '--attachment', [CompletionResultType]::ParameterName, 'Attach an image or a PDF file, from a file, a URL or standard input (`-`); can be repeated')
            [CompletionResult]::new('--cid', '--cid', [CompletionResultType]::ParameterName, 'Continue the conversation with this id, or with this request; a unique beginning or end of the id is enough')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Set a model parameter or any other field of the request body; can be repeated')
            [CompletionResult]::new('--option', '--option', [CompletionResultType]::ParameterName, 'Set a model parameter or any other field of the request body; can be repeated')
            [CompletionResult]::new('--temperature', '--temperature', [CompletionResultType]::ParameterName, 'Sampling temperature')
            [CompletionResult]::new('--max-tokens', '--max-tokens', [CompletionResultType]::ParameterName, 'Maximum number of tokens to generate')
            [CompletionResult]::new('--reasoning-effort', '--reasoning-effort', [CompletionResultType]::ParameterName, 'Reasoning effort')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Require JSON that satisfies this JSON Schema; printed when complete')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed for the model''s sampling')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'Label for rules and statistics; can be repeated')
            [CompletionResult]::new('--require-tag', '--require-tag', [CompletionResultType]::ParameterName, 'Use only deployments with this tag, or without it (`!TAG`); can be repeated')
            [CompletionResult]::new('--fallback', '--fallback', [CompletionResultType]::ParameterName, 'Fall back to this group or model instead of the profile''s fallbacks; can be repeated')
            [CompletionResult]::new('--strategy', '--strategy', [CompletionResultType]::ParameterName, 'Order deployments by this strategy in every group: `simple-shuffle`, `least-busy`, `latency-based-routing`, `cost-based-routing`, `usage-based-routing`, `round-robin`, `adaptive` or `exec:COMMAND`')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'User name for rules and for groups that are sticky by user; never sent')
            [CompletionResult]::new('--num-retries', '--num-retries', [CompletionResultType]::ParameterName, 'Retries inside a group after the first attempt')
            [CompletionResult]::new('--midstream', '--midstream', [CompletionResultType]::ParameterName, 'Action when an answer fails after part of it was printed')
            [CompletionResult]::new('--hedge', '--hedge', [CompletionResultType]::ParameterName, 'Also call a second deployment if no token has arrived by then; the first one to reply is used')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Time limit of one attempt')
            [CompletionResult]::new('--first-token-timeout', '--first-token-timeout', [CompletionResultType]::ParameterName, 'Time limit until the first token of an attempt')
            [CompletionResult]::new('--idle-timeout', '--idle-timeout', [CompletionResultType]::ParameterName, 'Time limit between two tokens')
            [CompletionResult]::new('--deadline', '--deadline', [CompletionResultType]::ParameterName, 'Time limit of the whole request: attempts, waits and fallbacks')
            [CompletionResult]::new('--max-wait', '--max-wait', [CompletionResultType]::ParameterName, 'Longest wait for a rate limit')
            [CompletionResult]::new('--max-cost', '--max-cost', [CompletionResultType]::ParameterName, 'Use only deployments with a known price and an estimated cost of at most this')
            [CompletionResult]::new('--route-seed', '--route-seed', [CompletionResultType]::ParameterName, 'Seed for the random choices of routing')
            [CompletionResult]::new('--verify', '--verify', [CompletionResultType]::ParameterName, 'Accept the answer only if this shell command exits with 0; it gets the answer on standard input')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write the answer to FILE, atomically')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Continue the latest conversation')
            [CompletionResult]::new('--continue', '--continue', [CompletionResultType]::ParameterName, 'Continue the latest conversation')
            [CompletionResult]::new('--no-stdin', '--no-stdin', [CompletionResultType]::ParameterName, 'Do not read standard input')
            [CompletionResult]::new('--allow-empty', '--allow-empty', [CompletionResultType]::ParameterName, 'Accept empty piped input and empty files')
            [CompletionResult]::new('--no-fallback', '--no-fallback', [CompletionResultType]::ParameterName, 'Do not use fallback groups')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object with the answer, its attempts and its cost')
            [CompletionResult]::new('--stream-json', '--stream-json', [CompletionResultType]::ParameterName, 'Print one JSON event per line while the answer arrives')
            [CompletionResult]::new('-S', '-S ', [CompletionResultType]::ParameterName, 'Print the answer only when it is complete')
            [CompletionResult]::new('--no-stream', '--no-stream', [CompletionResultType]::ParameterName, 'Print the answer only when it is complete')
            [CompletionResult]::new('-x', '-x', [CompletionResultType]::ParameterName, 'Print only the first fenced code block of the answer')
            [CompletionResult]::new('--extract', '--extract', [CompletionResultType]::ParameterName, 'Print only the first fenced code block of the answer')
            [CompletionResult]::new('--fail-on-truncated', '--fail-on-truncated', [CompletionResultType]::ParameterName, 'Reject an answer that the token limit cut, and call the next deployment')
            [CompletionResult]::new('-u', '-u', [CompletionResultType]::ParameterName, 'Print the deployment, tokens, cost and speed to standard error')
            [CompletionResult]::new('--usage', '--usage', [CompletionResultType]::ParameterName, 'Print the deployment, tokens, cost and speed to standard error')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show the requests that would be sent, without sending them')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Do not log this request')
            [CompletionResult]::new('--no-log', '--no-log', [CompletionResultType]::ParameterName, 'Do not log this request')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;chat' {
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Model group, or a single model without routing')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Model group, or a single model without routing')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'System prompt')
            [CompletionResult]::new('--system', '--system', [CompletionResultType]::ParameterName, 'System prompt')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Template of the profile; `-o NAME=VALUE` fills `{{NAME}}`')
            [CompletionResult]::new('--template', '--template', [CompletionResultType]::ParameterName, 'Template of the profile; `-o NAME=VALUE` fills `{{NAME}}`')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Put the text of FILE before the first message; can be repeated')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'Put the text of FILE before the first message; can be repeated')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Attach an image or a PDF file to the first message; can be repeated')
            [CompletionResult]::new('--attachment', '--attachment', [CompletionResultType]::ParameterName, 'Attach an image or a PDF file to the first message; can be repeated')
            [CompletionResult]::new('--resume', '--resume', [CompletionResultType]::ParameterName, 'Continue the conversation ID, or the latest one')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Set a model parameter or any other field of the request body; can be repeated')
            [CompletionResult]::new('--option', '--option', [CompletionResultType]::ParameterName, 'Set a model parameter or any other field of the request body; can be repeated')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'Show answers as plain text, without rendering Markdown')
            [CompletionResult]::new('--vi', '--vi', [CompletionResultType]::ParameterName, 'Use vi key bindings')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;route' {
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Model group, or a single model without routing')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Model group, or a single model without routing')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'System prompt')
            [CompletionResult]::new('--system', '--system', [CompletionResultType]::ParameterName, 'System prompt')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Template of the profile; `-o NAME=VALUE` fills `{{NAME}}`')
            [CompletionResult]::new('--template', '--template', [CompletionResultType]::ParameterName, 'Template of the profile; `-o NAME=VALUE` fills `{{NAME}}`')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Put the text of FILE, or of standard input (`-`), before the prompt; can be repeated')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'Put the text of FILE, or of standard input (`-`), before the prompt; can be repeated')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Attach an image or a PDF file, from a file, a URL or standard input (`-`); can be repeated')
            [CompletionResult]::new('--attachment', '--attachment', [CompletionResultType]::ParameterName, 'Attach an image or a PDF file, from a file, a URL or standard input (`-`); can be repeated')
            [CompletionResult]::new('--cid', '--cid', [CompletionResultType]::ParameterName, 'Continue the conversation with this id, or with this request; a unique beginning or end of the id is enough')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Set a model parameter or any other field of the request body; can be repeated')
            [CompletionResult]::new('--option', '--option', [CompletionResultType]::ParameterName, 'Set a model parameter or any other field of the request body; can be repeated')
            [CompletionResult]::new('--temperature', '--temperature', [CompletionResultType]::ParameterName, 'Sampling temperature')
            [CompletionResult]::new('--max-tokens', '--max-tokens', [CompletionResultType]::ParameterName, 'Maximum number of tokens to generate')
            [CompletionResult]::new('--reasoning-effort', '--reasoning-effort', [CompletionResultType]::ParameterName, 'Reasoning effort')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Require JSON that satisfies this JSON Schema; printed when complete')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed for the model''s sampling')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'Label for rules and statistics; can be repeated')
            [CompletionResult]::new('--require-tag', '--require-tag', [CompletionResultType]::ParameterName, 'Use only deployments with this tag, or without it (`!TAG`); can be repeated')
            [CompletionResult]::new('--fallback', '--fallback', [CompletionResultType]::ParameterName, 'Fall back to this group or model instead of the profile''s fallbacks; can be repeated')
            [CompletionResult]::new('--strategy', '--strategy', [CompletionResultType]::ParameterName, 'Order deployments by this strategy in every group: `simple-shuffle`, `least-busy`, `latency-based-routing`, `cost-based-routing`, `usage-based-routing`, `round-robin`, `adaptive` or `exec:COMMAND`')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'User name for rules and for groups that are sticky by user; never sent')
            [CompletionResult]::new('--num-retries', '--num-retries', [CompletionResultType]::ParameterName, 'Retries inside a group after the first attempt')
            [CompletionResult]::new('--midstream', '--midstream', [CompletionResultType]::ParameterName, 'Action when an answer fails after part of it was printed')
            [CompletionResult]::new('--hedge', '--hedge', [CompletionResultType]::ParameterName, 'Also call a second deployment if no token has arrived by then; the first one to reply is used')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Time limit of one attempt')
            [CompletionResult]::new('--first-token-timeout', '--first-token-timeout', [CompletionResultType]::ParameterName, 'Time limit until the first token of an attempt')
            [CompletionResult]::new('--idle-timeout', '--idle-timeout', [CompletionResultType]::ParameterName, 'Time limit between two tokens')
            [CompletionResult]::new('--deadline', '--deadline', [CompletionResultType]::ParameterName, 'Time limit of the whole request: attempts, waits and fallbacks')
            [CompletionResult]::new('--max-wait', '--max-wait', [CompletionResultType]::ParameterName, 'Longest wait for a rate limit')
            [CompletionResult]::new('--max-cost', '--max-cost', [CompletionResultType]::ParameterName, 'Use only deployments with a known price and an estimated cost of at most this')
            [CompletionResult]::new('--route-seed', '--route-seed', [CompletionResultType]::ParameterName, 'Seed for the random choices of routing')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Continue the latest conversation')
            [CompletionResult]::new('--continue', '--continue', [CompletionResultType]::ParameterName, 'Continue the latest conversation')
            [CompletionResult]::new('--no-stdin', '--no-stdin', [CompletionResultType]::ParameterName, 'Do not read standard input')
            [CompletionResult]::new('--allow-empty', '--allow-empty', [CompletionResultType]::ParameterName, 'Accept empty piped input and empty files')
            [CompletionResult]::new('--no-fallback', '--no-fallback', [CompletionResultType]::ParameterName, 'Do not use fallback groups')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;health' {
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Check this group or deployment, as `-m` of the other commands; may be repeated')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Check this group or deployment, as `-m` of the other commands; may be repeated')
            [CompletionResult]::new('--watch', '--watch', [CompletionResultType]::ParameterName, 'Check repeatedly; on a terminal the table is redrawn, elsewhere only changes are printed')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Time limit of each check (default 10s)')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them')
            [CompletionResult]::new('--live', '--live', [CompletionResultType]::ParameterName, 'Send a one-token request to each deployment; success ends its cooldown, failure starts one')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object; with `--watch`, one object per change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;bench' {
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Deployments of this group, or a single model; can be repeated; default: the default group')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Deployments of this group, or a single model; can be repeated; default: the default group')
            [CompletionResult]::new('--prompts', '--prompts', [CompletionResultType]::ParameterName, 'File of prompts, used in turn: one per line, or JSON objects with a `prompt`')
            [CompletionResult]::new('--input-tokens', '--input-tokens', [CompletionResultType]::ParameterName, 'Use a synthetic prompt of about N tokens')
            [CompletionResult]::new('--output-tokens', '--output-tokens', [CompletionResultType]::ParameterName, 'Maximum tokens of an answer; a synthetic prompt asks for that many')
            [CompletionResult]::new('--max-tokens', '--max-tokens', [CompletionResultType]::ParameterName, 'Maximum tokens of an answer; a synthetic prompt asks for that many')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Set a model parameter or any other field of the request body; can be repeated')
            [CompletionResult]::new('--option', '--option', [CompletionResultType]::ParameterName, 'Set a model parameter or any other field of the request body; can be repeated')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Number of rounds')
            [CompletionResult]::new('--rounds', '--rounds', [CompletionResultType]::ParameterName, 'Number of rounds')
            [CompletionResult]::new('--duration', '--duration', [CompletionResultType]::ParameterName, 'Start no round after this time')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Calls in flight at each deployment')
            [CompletionResult]::new('--concurrency', '--concurrency', [CompletionResultType]::ParameterName, 'Calls in flight at each deployment')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'Start R calls per second at each deployment, even if earlier calls are still running; latency counts from the intended start')
            [CompletionResult]::new('--arrival', '--arrival', [CompletionResultType]::ParameterName, 'Distribution of the starts of `--rate`')
            [CompletionResult]::new('--sweep', '--sweep', [CompletionResultType]::ParameterName, 'Repeat with each of these numbers of calls in flight')
            [CompletionResult]::new('--slo', '--slo', [CompletionResultType]::ParameterName, 'Limits of a good call, for goodput: `ttft=500ms,tpot=50ms,e2e=5s`')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed for orders, prompts, arrivals and statistics')
            [CompletionResult]::new('--max-cost', '--max-cost', [CompletionResultType]::ParameterName, 'Start no call that could exceed this cost')
            [CompletionResult]::new('--html', '--html', [CompletionResultType]::ParameterName, 'Also write a page with tables and plots to FILE')
            [CompletionResult]::new('--save', '--save', [CompletionResultType]::ParameterName, 'Save the run under this name in the folder of the state, or in this file')
            [CompletionResult]::new('--compare', '--compare', [CompletionResultType]::ParameterName, 'Compare with a saved run; exit 1 if worse beyond the interval')
            [CompletionResult]::new('--inject', '--inject', [CompletionResultType]::ParameterName, 'Run the group against simulated deployments with these faults, and score it: `503@20%,stall@5%,cut@40,slow=2s`')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them')
            [CompletionResult]::new('--allow-cache', '--allow-cache', [CompletionResultType]::ParameterName, 'Send the same text every time, so that the prompt caches of providers can answer')
            [CompletionResult]::new('--find-limit', '--find-limit', [CompletionResultType]::ParameterName, 'Find the highest rate with at most 1% errors and a p95 of the TTFT within `--slo`')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Skip the confirmation of the cost')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Skip the confirmation of the cost')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print the plan and its maximum cost, without sending anything')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object with every sample and the summary')
            [CompletionResult]::new('--csv', '--csv', [CompletionResultType]::ParameterName, 'Print CSV, one row per call')
            [CompletionResult]::new('--markdown', '--markdown', [CompletionResultType]::ParameterName, 'Print Markdown: the table, the plan and the findings')
            [CompletionResult]::new('--ascii', '--ascii', [CompletionResultType]::ParameterName, 'Draw plots in ASCII')
            [CompletionResult]::new('--no-learn', '--no-learn', [CompletionResultType]::ParameterName, 'Do not record the measurements for routing')
            [CompletionResult]::new('--self-test', '--self-test', [CompletionResultType]::ParameterName, 'Measure the measurement error on this machine, with a built-in server')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;logs' {
            [CompletionResult]::new('--last', '--last', [CompletionResultType]::ParameterName, 'Number of requests to list, latest first (default 20; with `--json` and a filter, all)')
            [CompletionResult]::new('--search', '--search', [CompletionResultType]::ParameterName, 'Only requests with all these words in the prompt or the answer; `word*` matches a prefix')
            [CompletionResult]::new('--group', '--group', [CompletionResultType]::ParameterName, 'Only requests to this group')
            [CompletionResult]::new('--deployment', '--deployment', [CompletionResultType]::ParameterName, 'Only requests that called this deployment')
            [CompletionResult]::new('--class', '--class', [CompletionResultType]::ParameterName, 'Only requests where an attempt, or the whole request, failed with this class: `rate_limit`, `timeout`, …')
            [CompletionResult]::new('--finish-reason', '--finish-reason', [CompletionResultType]::ParameterName, 'Only requests whose answer ended for this reason: `stop`, `length`, `tool_calls`, …')
            [CompletionResult]::new('--outcome', '--outcome', [CompletionResultType]::ParameterName, 'Only requests with this outcome')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Only requests since this time: `2h` ago, or a date like `2026-11-01` or `2026-11-01T09:30`')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Only requests before this time')
            [CompletionResult]::new('--conversation', '--conversation', [CompletionResultType]::ParameterName, 'Only turns of this conversation, including undone ones')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'Only requests with this label')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them')
            [CompletionResult]::new('--conversations', '--conversations', [CompletionResultType]::ParameterName, 'List conversations by their latest turns')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON, one object per line')
            [CompletionResult]::new('--text', '--text', [CompletionResultType]::ParameterName, 'Print only the text of the answer; of the last request if no id is given')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;stats' {
            [CompletionResult]::new('--days', '--days', [CompletionResultType]::ParameterName, 'Include only the last N days')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Include only requests since this time: `2h` ago, or a date like `2026-11-01` or `2026-11-01T09:30`')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Include only requests before this time')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'Include only requests with this label')
            [CompletionResult]::new('--by', '--by', [CompletionResultType]::ParameterName, 'Group the figures by these fields')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON, one object per line')
            [CompletionResult]::new('--csv', '--csv', [CompletionResultType]::ParameterName, 'Print CSV with a heading')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;providers' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON, one object per line')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;models' {
            [CompletionResult]::new('--search', '--search', [CompletionResultType]::ParameterName, 'List only models whose name contains all of these words')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON, one object per line')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('refresh', 'refresh', [CompletionResultType]::ParameterValue, 'Fetch a newer table from models.dev')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'llmroute;models;refresh' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more to standard error')
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
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Report all errors, warnings and notes')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Print the resolved profile, with the source of each value')
            [CompletionResult]::new('path', 'path', [CompletionResultType]::ParameterValue, 'Print the path of the profile')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'llmroute;profile;check' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;profile;show' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;profile;path' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;profile;help' {
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Report all errors, warnings and notes')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Print the resolved profile, with the source of each value')
            [CompletionResult]::new('path', 'path', [CompletionResultType]::ParameterValue, 'Print the path of the profile')
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
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show the state of every deployment and group')
            [CompletionResult]::new('reset', 'reset', [CompletionResultType]::ParameterValue, 'Delete what was learned about one deployment or about all')
            [CompletionResult]::new('path', 'path', [CompletionResultType]::ParameterValue, 'Print the location of the state')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'llmroute;state;show' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;state;reset' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them')
            [CompletionResult]::new('--log', '--log', [CompletionResultType]::ParameterName, 'Also delete the log of requests')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Skip the confirmation')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Skip the confirmation')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;state;path' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;state;help' {
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show the state of every deployment and group')
            [CompletionResult]::new('reset', 'reset', [CompletionResultType]::ParameterValue, 'Delete what was learned about one deployment or about all')
            [CompletionResult]::new('path', 'path', [CompletionResultType]::ParameterValue, 'Print the location of the state')
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
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Store a key, read from the terminal without echo or from standard input')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Print the names of the stored keys')
            [CompletionResult]::new('rm', 'rm', [CompletionResultType]::ParameterValue, 'Delete a key')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'llmroute;keys;set' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;keys;list' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;keys;rm' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;keys;help' {
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Store a key, read from the terminal without echo or from standard input')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Print the names of the stored keys')
            [CompletionResult]::new('rm', 'rm', [CompletionResultType]::ParameterValue, 'Delete a key')
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
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;man' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use: a name, a file, or `demo`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only errors to standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more to standard error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmroute;help' {
            [CompletionResult]::new('ask', 'ask', [CompletionResultType]::ParameterValue, 'Send a prompt to a model group and print the answer')
            [CompletionResult]::new('chat', 'chat', [CompletionResultType]::ParameterValue, 'Hold a conversation with a model group')
            [CompletionResult]::new('route', 'route', [CompletionResultType]::ParameterValue, 'Show which deployments a prompt would be sent to, and why, without sending it')
            [CompletionResult]::new('health', 'health', [CompletionResultType]::ParameterValue, 'Check which deployments can answer, and why the others cannot')
            [CompletionResult]::new('bench', 'bench', [CompletionResultType]::ParameterValue, 'Compare deployments: time to first token, tokens per second, errors, cost')
            [CompletionResult]::new('logs', 'logs', [CompletionResultType]::ParameterValue, 'Show logged requests and answers')
            [CompletionResult]::new('stats', 'stats', [CompletionResultType]::ParameterValue, 'Show statistics of the logged calls: success, failovers, speed, tokens and cost')
            [CompletionResult]::new('providers', 'providers', [CompletionResultType]::ParameterValue, 'Show which providers are set up and where their keys come from')
            [CompletionResult]::new('models', 'models', [CompletionResultType]::ParameterValue, 'Show prices, limits and capabilities of models, and their sources')
            [CompletionResult]::new('profile', 'profile', [CompletionResultType]::ParameterValue, 'Check, show or locate the profile')
            [CompletionResult]::new('state', 'state', [CompletionResultType]::ParameterValue, 'Show or reset the state that processes share')
            [CompletionResult]::new('keys', 'keys', [CompletionResultType]::ParameterValue, 'Manage API keys in the system keyring')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print shell completions')
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
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Report all errors, warnings and notes')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Print the resolved profile, with the source of each value')
            [CompletionResult]::new('path', 'path', [CompletionResultType]::ParameterValue, 'Print the path of the profile')
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
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show the state of every deployment and group')
            [CompletionResult]::new('reset', 'reset', [CompletionResultType]::ParameterValue, 'Delete what was learned about one deployment or about all')
            [CompletionResult]::new('path', 'path', [CompletionResultType]::ParameterValue, 'Print the location of the state')
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
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Store a key, read from the terminal without echo or from standard input')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Print the names of the stored keys')
            [CompletionResult]::new('rm', 'rm', [CompletionResultType]::ParameterValue, 'Delete a key')
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
