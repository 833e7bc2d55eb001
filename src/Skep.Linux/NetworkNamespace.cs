using System.ComponentModel;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Skep.Linux;

/// <summary>Named network namespaces, as <c>ip netns</c> keeps them under /run/netns.</summary>
public static class NetworkNamespace
{
    private const string Directory = "/run/netns";

    /// <summary>The file that holds a namespace.</summary>
    /// <exception cref="ArgumentException">The name cannot be a file's.</exception>
    public static string PathOf(string name) =>
        name.Length is 0 or > 255 || name.Contains('/') || name is "." or ".."
            ? throw new ArgumentException($"\"{name}\" cannot name a network namespace: expected a file name", nameof(name))
            : $"{Directory}/{name}";

    /// <summary>Whether a namespace of that name is there and alive: a plain file left by a crash is not.</summary>
    public static bool Exists(string name)
    {
        Span<byte> statfs = stackalloc byte[NativeMethods.StatfsSizeMax];
        return NativeMethods.statfs(PathOf(name), statfs) == 0
            && MemoryMarshal.Read<nint>(statfs) == NativeMethods.NSFS_MAGIC;
    }

    /// <summary>Names that begin with a prefix, dead ones too, in ordinal order.</summary>
    public static IReadOnlyList<string> List(string prefix) =>
        System.IO.Directory.Exists(Directory)
            ? [.. System.IO.Directory.EnumerateFiles(Directory)
                .Select(path => Path.GetFileName(path))
                .Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)]
            : [];

    /// <summary>Makes a namespace with its loopback up, unless it exists. True when it was made.</summary>
    /// <exception cref="CommandException">It could not be made.</exception>
    public static async Task<bool> EnsureAsync(CommandRunner runner, string name, CancellationToken ct)
    {
        var isNew = !Exists(name);
        if (isNew)
        {
            File.Delete(PathOf(name)); // what a crash between making the file and mounting onto it leaves
            await runner.CheckAsync(new Command("ip", "netns", "add", name), ct);
        }

        await runner.CheckAsync(new Command("ip", "-n", name, "link", "set", "lo", "up"), ct);
        return isNew;
    }

    /// <summary>
    /// Takes a name away; false when there was none. The namespace itself, and what is in it, goes with its last process
    /// and socket: close those first.
    /// </summary>
    /// <exception cref="CommandException">It could not be removed.</exception>
    public static async Task<bool> DeleteAsync(CommandRunner runner, string name, CancellationToken ct)
    {
        if (!File.Exists(PathOf(name)))
            return false;
        var result = await runner.RunAsync(new Command("ip", "netns", "delete", name), ct);
        // Somebody else may have been faster: what counts is that it is gone.
        if (!result.IsSuccess && File.Exists(PathOf(name)))
            throw new CommandException($"network namespace {name} cannot be removed: {result.Error.Trim()}", result);
        return result.IsSuccess;
    }

    /// <summary>
    /// Runs a function on a thread of its own inside a namespace and waits for it. A socket keeps the namespace that it
    /// was made in and can be used anywhere afterwards; a process started there stays there. The function must not await:
    /// what comes after would run on another thread, outside. It should be short.
    /// </summary>
    /// <param name="name">The namespace; null for this process's own, where the function simply runs.</param>
    /// <param name="function">What to do there.</param>
    /// <exception cref="IOException">There is no such namespace, or it cannot be entered. What the function throws comes through.</exception>
    public static T RunIn<T>(string? name, Func<T> function)
    {
        if (name is null)
            return function();
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Enter(name);
                result = function();
            }
            catch (Exception ex)
            {
                failure = ExceptionDispatchInfo.Capture(ex);
            }
        })
        {
            IsBackground = true,
            Name = $"netns {name}",
        };
        // The thread ends here and is never given back to a pool: nobody else finds himself in the namespace.
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }

    private static void Enter(string name)
    {
        using var file = File.OpenHandle(PathOf(name));
        if (NativeMethods.setns((int)file.DangerousGetHandle(), NativeMethods.CLONE_NEWNET) != 0)
            throw new IOException($"network namespace {name} cannot be entered: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
    }
}
