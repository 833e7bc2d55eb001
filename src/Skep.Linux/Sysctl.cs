namespace Skep.Linux;

/// <summary>
/// Kernel settings under /proc/sys. Those of net are the network namespace's. A setting is named by its path's parts
/// rather than with dots, because a device's name can have a dot.
/// </summary>
public static class Sysctl
{
    /// <summary>Reads a setting.</summary>
    /// <exception cref="IOException">There is none of that name.</exception>
    public static string Read(string? ns, params IReadOnlyList<string> parts) =>
        NetworkNamespace.RunIn(ns, () => File.ReadAllText(PathOf(parts)).Trim());

    /// <summary>Writes a setting.</summary>
    /// <exception cref="IOException">There is none of that name, or the kernel refuses the value.</exception>
    public static void Write(string? ns, string value, params IReadOnlyList<string> parts) =>
        WriteAll(ns, [new SysctlValue(value, parts)]);

    /// <summary>Writes several settings in order.</summary>
    /// <exception cref="IOException">As <see cref="Write"/>; those before stay written.</exception>
    public static void WriteAll(string? ns, IReadOnlyList<SysctlValue> settings) =>
        NetworkNamespace.RunIn(ns, () =>
        {
            foreach (var setting in settings)
                File.WriteAllText(PathOf(setting.Parts), setting.Value);
            return 0;
        });

    /// <summary>Whether there is a setting of that name: parts of the kernel may be missing (IPv6).</summary>
    public static bool Exists(string? ns, params IReadOnlyList<string> parts) =>
        NetworkNamespace.RunIn(ns, () => File.Exists(PathOf(parts)));

    private static string PathOf(IReadOnlyList<string> parts) => "/proc/sys/" + string.Join('/', parts);
}

/// <summary>A kernel setting and its wanted value.</summary>
public sealed record SysctlValue(string Value, params IReadOnlyList<string> Parts);
