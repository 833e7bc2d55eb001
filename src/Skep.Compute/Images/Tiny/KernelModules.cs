using System.Text;

namespace Skep.Compute.Images.Tiny;

/// <summary>
/// The drivers a guest needs, ordered so that each comes after those it depends on. Dependencies are read from the
/// modules themselves ("depends=" in their .modinfo section): modules.dep is made only when a kernel is installed.
/// </summary>
internal static class KernelModules
{
    /// <summary>Disk, network, entropy, memory, and what turns the power button into an event.</summary>
    private static readonly string[] _wanted = ["virtio_pci", "virtio_blk", "virtio_net", "virtio-rng", "virtio_balloon", "virtio_console", "evdev", "button"];

    /// <summary>
    /// Files of the modules to load, in order. A wanted module without a file is built into the kernel, or not there at
    /// all: the guest then shows what is missing.
    /// </summary>
    public static IReadOnlyList<string> LoadOrder(string modulesDirectory)
    {
        var files = new Dictionary<string, string>();
        foreach (var file in Directory.EnumerateFiles(modulesDirectory, "*.ko", SearchOption.AllDirectories))
            files[Normalize(Path.GetFileNameWithoutExtension(file))] = file;
        var order = new List<string>();
        var seen = new HashSet<string>();
        foreach (var module in _wanted)
            Add(Normalize(module));
        if (order.Count == 0)
            throw new ImageBuildException($"no kernel modules found below {modulesDirectory}; expected virtio_blk.ko and others");
        return order;

        void Add(string module)
        {
            if (!seen.Add(module) || !files.TryGetValue(module, out var file))
                return;
            foreach (var dependency in DependenciesOf(File.ReadAllBytes(file)))
                Add(Normalize(dependency));
            order.Add(file);
        }
    }

    /// <summary>What a module's .modinfo names as dependencies.</summary>
    internal static string[] DependenciesOf(ReadOnlySpan<byte> module)
    {
        var start = module.IndexOf("\0depends="u8);
        if (start < 0)
            return [];
        var rest = module[(start + "\0depends=".Length)..];
        var end = rest.IndexOf((byte)0);
        return Encoding.ASCII.GetString(end < 0 ? rest : rest[..end]).Split(',', StringSplitOptions.RemoveEmptyEntries);
    }

    private static string Normalize(string name) => name.Replace('-', '_');
}
