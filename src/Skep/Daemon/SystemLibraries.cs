using System.Runtime.InteropServices;
using Skep.Cli;

namespace Skep.Daemon;

/// <summary>The system's libraries that the program loads at run time, and the packages that bring them.</summary>
internal static class SystemLibraries
{
    private static readonly Library[] _all =
    [
        new("SQLite", ["libsqlite3.so.0"], "libsqlite3-0", "sqlite-libs"),
        new("OpenSSL", ["libssl.so.3", "libssl.so.1.1"], "libssl3", "openssl-libs"),
    ];

    /// <summary>The libraries that cannot be loaded, each with what to install.</summary>
    public static IEnumerable<(string Name, string Advice)> FindMissing() =>
        from library in _all
        where !library.FileNames.Any(CanLoad)
        select ($"{library.Name} ({library.FileNames[0]})", $"apt-get install {library.DebianPackage} (Debian, Ubuntu) or dnf install {library.FedoraPackage} (Fedora, RHEL)");

    /// <summary>Fails with a message that names what is missing.</summary>
    public static void Require()
    {
        // Before anything else touches them: the runtime aborts the process when OpenSSL is missing.
        var missing = FindMissing().Select(m => $"\n  {m.Name}: {m.Advice}").ToList();
        if (missing.Count > 0)
            throw new CliException($"system libraries are missing:{string.Concat(missing)}");
    }

    private static bool CanLoad(string fileName)
    {
        if (!NativeLibrary.TryLoad(fileName, out var handle))
            return false;
        NativeLibrary.Free(handle);
        return true;
    }

    private sealed record Library(string Name, string[] FileNames, string DebianPackage, string FedoraPackage);
}
