using System.CommandLine;

namespace Skep.Cli.Completion;

/// <summary><c>skep completion</c>: scripts that let a shell ask this program what may come next.</summary>
internal static class CompletionCommand
{
    // Each script hands over what stands between the program's name and the cursor.
    private const string Bash = """
        _skep() {
            local before="${COMP_LINE:0:COMP_POINT}"
            local line="${before#* }"
            [ "$line" = "$before" ] && line=""
            local IFS=$'\n'
            COMPREPLY=($("${COMP_WORDS[0]}" "[suggest:${#line}]" "$line" 2>/dev/null))
        }
        complete -o default -F _skep skep ./skep

        """;

    private const string Zsh = """
        #compdef skep
        _skep() {
            local line="${(j: :)words[2,CURRENT]}"
            local -a found
            found=("${(@f)$("${words[1]}" "[suggest:${#line}]" "$line" 2>/dev/null)}")
            if [ -n "${found[1]}" ]; then
                compadd -- "${found[@]}"
            else
                _files
            fi
        }
        if [ "$funcstack[1]" = "_skep" ]; then
            _skep "$@"
        else
            compdef _skep skep
        fi

        """;

    private const string Fish = """
        function __skep_complete
            set -l line (string replace -r '^\s*\S+\s?' '' -- (commandline -cp))
            skep "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c skep -f -a '(__skep_complete)'

        """;

    /// <summary>Makes the verb.</summary>
    public static Command Create(CliContext context)
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var verb = new Verb(
            "completion",
            "Print a script that completes verbs, options and the names of what the cloud has.",
            "source <(skep completion bash)                                      # this shell",
            "skep completion bash > /etc/bash_completion.d/skep                  # every shell",
            "skep completion zsh > \"${fpath[1]}/_skep\"",
            "skep completion fish > ~/.config/fish/completions/skep.fish")
        {
            shell,
        };
        verb.SetAction(parsed => context.Out.Write(parsed.GetRequiredValue(shell) switch
        {
            "bash" => Bash,
            "zsh" => Zsh,
            _ => Fish,
        }));
        return verb;
    }
}
