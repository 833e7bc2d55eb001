using System.CommandLine;

namespace Skep.Cli.Vm;

/// <summary><c>skep vm ssh</c>.</summary>
internal static class VmSshCommand
{
    /// <summary>Makes the verb.</summary>
    public static Command Create(CliContext context)
    {
        var vm = VmArguments.One(context);
        var command = new Argument<string[]>("COMMAND")
        {
            Description = "What to run there instead of a shell; put -- before it when it has options.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var user = new Option<string?>("--user", "-u") { Description = "The login name (default: the image's own).", HelpName = "NAME" };
        var identity = new Option<string?>("--identity", "-i") { Description = "The private key's file (default: the one made for the VM's key pair).", HelpName = "FILE" };
        var wait = new Option<bool>("--wait") { Description = "Wait until the machine takes logins." };
        var timeout = Durations.Option("--timeout", "How long --wait waits.", SshTarget.WaitDefault);
        var verb = new Verb(
            "ssh",
            "Log in to a virtual machine. The exit code is the remote command's.",
            "skep vm ssh web",
            "skep vm ssh web -- journalctl -b -n 20",
            "skep vm ssh web --wait --user admin")
        {
            vm, command, user, identity, wait, timeout,
        };
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var instance = (await VmList.LoadAsync(client, ct)).Find(parsed.GetRequiredValue(vm));
            var target = await SshTarget.OfAsync(context, client, instance, parsed.GetValue(user), parsed.GetValue(identity), ct);
            if (parsed.GetValue(wait))
                await target.WaitAsync(context, client, VmList.DisplayName(instance), parsed.GetValue(timeout), ct);
            return await context.Programs.RunAttachedAsync("ssh", target.Arguments(parsed.GetValue(command) ?? []), ct);
        });
        return verb;
    }
}
