using System.CommandLine;
using System.Text.Json.Nodes;
using Skep.Cli.Output;

namespace Skep.Cli.DaemonDoctor;

/// <summary><c>skep doctor</c>: what this machine can and cannot do, and what to do about it.</summary>
internal static class DoctorCommand
{
    /// <summary>Makes the verb.</summary>
    public static Command Create(CliContext context)
    {
        var output = new Option<string>("--output", "-o") { Description = "text or json.", HelpName = "FORMAT", DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json");
        var command = new Verb("doctor", "Say what this machine can and cannot do, and what to do about it. Exits with 1 when machines cannot run.", "skep doctor", "skep doctor -o json") { output };
        command.SetAction(async (parsed, ct) =>
        {
            List<Finding> findings = [.. HostChecks.Run(context.DataDirectory(parsed)), .. await new ToolChecks(context.Commands).RunAsync(ct)];
            if (parsed.GetValue(output) == "json")
                context.Out.Write(JsonText.Render(new JsonArray([.. findings.Select(ToJson)])));
            else
                WriteText(context.Out, findings);
            return findings.Any(f => f.Level is FindingLevel.Fail) ? ExitCode.Failure : ExitCode.Success;
        });
        return command;
    }

    private static JsonNode ToJson(Finding finding) => new JsonObject
    {
        ["name"] = finding.Name,
        ["level"] = NameOf(finding.Level),
        ["found"] = finding.Found,
        ["advice"] = finding.Advice,
    };

    private static void WriteText(TextWriter output, List<Finding> findings)
    {
        var width = findings.Max(f => f.Name.Length);
        foreach (var finding in findings)
        {
            output.Write($"{NameOf(finding.Level),-4}  {finding.Name.PadRight(width)}  {finding.Found}\n");
            if (finding.Advice is { } advice)
                output.Write($"{"",-6}{"".PadRight(width)}  -> {advice}\n");
        }

        var (failed, warned) = (findings.Count(f => f.Level is FindingLevel.Fail), findings.Count(f => f.Level is FindingLevel.Warn));
        output.Write(failed > 0
            ? $"\n{failed} of these must be mended before machines can run; `skep up --simulate` works as it is.\n"
            : $"\nMachines can run here{(warned > 0 ? $"; some things could be better" : "")}.\n");
    }

    private static string NameOf(FindingLevel level) => level switch
    {
        FindingLevel.Ok => "ok",
        FindingLevel.Warn => "warn",
        _ => "fail",
    };
}
