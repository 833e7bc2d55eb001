using System.Runtime.InteropServices;

namespace Skep.Linux.Processes;

/// <summary>A program that is to outlive the daemon. It gets a session of its own and no environment but PATH and LANG unless told.</summary>
public sealed record DetachedCommand(string FileName, IReadOnlyList<string> Arguments)
{
    /// <summary>The file that standard output and error are appended to. A symbolic link there is refused.</summary>
    public required string LogPath { get; init; }

    /// <summary>The network namespace it runs in: a path such as /run/netns/NAME. Needs root.</summary>
    public string? NetworkNamespacePath { get; init; }

    /// <summary>The user it runs as, without any capability and unable to gain one. Needs root.</summary>
    public ProcessUser? User { get; init; }

    /// <summary>The name of the systemd scope it is put in where systemd runs; null for none.</summary>
    public string? ScopeName { get; init; }

    /// <summary>Its environment; null for PATH and LANG alone.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }

    /// <summary>Descriptors it inherits, as 3, 4, and so on in this order. All others are closed.</summary>
    public IReadOnlyList<SafeHandle> Handles { get; init; } = [];

    /// <summary>The descriptor that the first of <see cref="Handles"/> gets.</summary>
    public const int FirstHandle = 3;

    /// <summary>
    /// The whole command: small programs that each change one thing and then become the next, so the pid of the first
    /// is the pid of the last.
    /// </summary>
    internal IReadOnlyList<string> Chain(bool isSystemdRunning)
    {
        var chain = new List<string>();
        if (ScopeName is not null && isSystemdRunning)
            chain.AddRange(["systemd-run", "--scope", "--quiet", "--collect", $"--unit={ScopeName}", "--"]);
        if (NetworkNamespacePath is not null)
            chain.AddRange(["nsenter", $"--net={NetworkNamespacePath}", "--"]);
        if (User is not null)
        {
            var groups = User.SupplementaryGroupIds.Count == 0 ? "--clear-groups" : $"--groups={string.Join(',', User.SupplementaryGroupIds)}";
            chain.AddRange(["setpriv", $"--reuid={User.UserId}", $"--regid={User.GroupId}", groups, "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", "--"]);
        }

        chain.Add(FileName);
        chain.AddRange(Arguments);
        return chain;
    }
}

/// <summary>Whom a process runs as, by numbers.</summary>
public sealed record ProcessUser(int UserId, int GroupId)
{
    /// <summary>Groups beside the first, for example the one that may open /dev/kvm.</summary>
    public IReadOnlyList<int> SupplementaryGroupIds { get; init; } = [];
}
