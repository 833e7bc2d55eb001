namespace Skep.Linux;

/// <summary>A user of this machine that programs run as, from the system's user database.</summary>
/// <param name="Name">The login name.</param>
/// <param name="UserId">The uid.</param>
/// <param name="GroupId">The gid of its primary group.</param>
public sealed record SystemUser(string Name, uint UserId, uint GroupId)
{
    /// <summary>getent(1): the key was not found.</summary>
    private const int GetentNotFound = 2;

    /// <summary>Whether this process may change the host's users and networks.</summary>
    public static bool IsRoot => NativeMethods.geteuid() == 0;

    /// <summary>Looks a user up; null when there is none of that name.</summary>
    /// <exception cref="CommandException">The user database cannot be read.</exception>
    public static async Task<SystemUser?> FindAsync(CommandRunner runner, string name, CancellationToken ct)
    {
        var command = new Command("getent", "passwd", "--", name);
        var result = await runner.RunAsync(command, ct);
        if (result.ExitCode == GetentNotFound)
            return null;
        var fields = result.Output.Trim().Split(':');
        if (!result.IsSuccess || fields.Length < 4 || !uint.TryParse(fields[2], out var uid) || !uint.TryParse(fields[3], out var gid))
            throw new CommandException($"getent passwd {name} exited with {result.ExitCode} and printed \"{result.Output.Trim()}\"; expected one line of passwd(5)", result);
        return new SystemUser(fields[0], uid, gid);
    }

    /// <summary>
    /// Returns the user, made first as a system user without home, password or shell when it does not exist. Safe to
    /// call from several processes at a time.
    /// </summary>
    /// <exception cref="CommandException">It could not be made, for example because this process is not root.</exception>
    public static async Task<SystemUser> EnsureAsync(CommandRunner runner, string name, CancellationToken ct)
    {
        if (await FindAsync(runner, name, ct) is { } found)
            return found;
        var add = new Command(
            "useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent",
            "--shell", "/usr/sbin/nologin", "--comment", "Skep virtual machines", "--", name);
        var result = await runner.RunAsync(add, ct);
        // Another process may have made it meanwhile: what counts is that it is there.
        return await FindAsync(runner, name, ct)
            ?? throw new CommandException($"user {name} could not be made: useradd exited with {result.ExitCode}: {result.Error.Trim()}", result);
    }
}
