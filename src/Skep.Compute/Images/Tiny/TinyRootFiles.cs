using System.IO.Compression;

namespace Skep.Compute.Images.Tiny;

/// <summary>Puts together the tiny image's system, which travels in its initial RAM file system.</summary>
internal sealed class TinyRootFiles(BuildTools tools, string unpacked, GuestArchitecture architecture)
{
    private static readonly string[] _programs = ["usr/sbin/dropbear", "usr/bin/dropbearkey", "usr/bin/dbclient", "sbin/resize2fs"];

    private static readonly string[] _directories =
        ["bin", "sbin", "usr/bin", "usr/sbin", "etc/dropbear", "lib/modules", "lib64", "root", "home/skep", "var/lib", "var/log", "dev", "proc", "sys", "run", "tmp", "mnt"];

    private static readonly Dictionary<string, string> _files = new()
    {
        // Passwords are locked: keys from the metadata service are the way in, and the serial console, which belongs
        // to whoever runs the machine.
        ["etc/passwd"] = "root:*:0:0:root:/root:/bin/sh\nskep:*:1000:1000:skep:/home/skep:/bin/sh\n",
        ["etc/group"] = "root:x:0:\nskep:x:1000:\n",
        ["etc/hosts"] = "127.0.0.1 localhost\n::1 localhost\n",
        ["etc/hostname"] = "skep-tiny\n",
        ["etc/shells"] = "/bin/sh\n",
        ["etc/nsswitch.conf"] = "passwd: files\ngroup: files\nhosts: files dns\n",
        ["etc/profile"] = "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nexport PS1='\\u@\\h:\\w\\$ '\n",
    };

    private static readonly (string Path, string Resource)[] _scripts =
    [
        ("init", "init.sh"), ("etc/rc", "rc.sh"), ("etc/rc.metadata", "rc.metadata.sh"), ("etc/udhcpc.script", "udhcpc.sh"),
        ("usr/bin/imds", "imds.sh"), ("etc/acpi/PWRF/00000080", "powerbutton.sh"),
    ];

    /// <summary>Writes the archive, gzip-compressed.</summary>
    public async Task WriteAsync(string target, CancellationToken ct)
    {
        await using var file = new FileStream(target, FileMode.Create, FileAccess.Write);
        await using var zip = new GZipStream(file, CompressionLevel.SmallestSize);
        var archive = new CpioWriter(zip);
        foreach (var directory in _directories)
            archive.AddDirectory(directory, directory == "root" ? 0x1c0u : 0x1edu); // 0700, 0755
        await AddBusyBoxAsync(archive, ct);
        foreach (var program in _programs)
            archive.AddFile(program, await File.ReadAllBytesAsync(Path.Combine(unpacked, program), ct), isExecutable: true);
        await AddLibrariesAsync(archive, ct);
        foreach (var (path, text) in _files)
            archive.AddFile(path, System.Text.Encoding.UTF8.GetBytes(text), isExecutable: false);
        foreach (var (path, resource) in _scripts)
            archive.AddFile(path, ReadResource(resource), isExecutable: true);
        archive.AddFile("etc/inittab", ReadResource("inittab"), isExecutable: false);
        await AddModulesAsync(archive, ct);
        archive.Finish();
    }

    private async Task AddBusyBoxAsync(CpioWriter archive, CancellationToken ct)
    {
        var busyBox = Path.Combine(unpacked, "bin/busybox");
        archive.AddFile("bin/busybox", await File.ReadAllBytesAsync(busyBox, ct), isExecutable: true);
        var applets = await tools.RunAsync(busyBox, ["--list-full"], ct);
        foreach (var applet in applets.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (applet is not ("bin/busybox" or "linuxrc"))
                archive.AddLink(applet, "/bin/busybox");
        }
    }

    /// <summary>
    /// Adds the shared libraries that the programs need, and the loader. The unpacked loader itself says which files
    /// it would take, from the unpacked directories alone.
    /// </summary>
    private async Task AddLibrariesAsync(CpioWriter archive, CancellationToken ct)
    {
        var loader = FindLoader();
        var folders = Directory.GetDirectories(Path.Combine(unpacked, "lib"), "*-linux-gnu")
            .Concat(Directory.GetDirectories(Path.Combine(unpacked, "usr/lib"), "*-linux-gnu"));
        var libraryPath = string.Join(':', folders);
        var libraries = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var program in _programs)
        {
            var output = await tools.RunAsync(loader, ["--library-path", libraryPath, "--list", Path.Combine(unpacked, program)], ct);
            foreach (var line in output.Split('\n', StringSplitOptions.TrimEntries))
            {
                // "libz.so.1 => /build/usr/lib/libz.so.1 (0x00007f…)"; what does not come from the packages is the host's own.
                var arrow = line.IndexOf(" => ", StringComparison.Ordinal);
                if (line.EndsWith("not found", StringComparison.Ordinal))
                    throw new ImageBuildException($"{program} needs a library that its packages do not bring: {line}");
                if (arrow < 0 || line.LastIndexOf(" (", StringComparison.Ordinal) is var end && end < arrow)
                    continue;
                var path = line[(arrow + 4)..end];
                if (path.StartsWith(unpacked, StringComparison.Ordinal) && path != loader)
                    libraries.Add(path);
            }
        }

        foreach (var library in libraries)
            archive.AddFile($"lib/{Path.GetFileName(library)}", await File.ReadAllBytesAsync(library, ct), isExecutable: false);
        var name = Path.GetFileName(loader);
        archive.AddFile(architecture.Ec2Name == "x86_64" ? $"lib64/{name}" : $"lib/{name}", await File.ReadAllBytesAsync(loader, ct), isExecutable: true);
    }

    private string FindLoader()
    {
        foreach (var folder in (ReadOnlySpan<string>)["lib64", "usr/lib64", "lib", "usr/lib"])
        {
            var path = Path.Combine(unpacked, folder);
            if (Directory.Exists(path) && Directory.GetFiles(path, "ld-linux*.so.*") is [var loader, ..])
                return loader;
        }

        throw new ImageBuildException($"the packages bring no dynamic loader (ld-linux…) below {unpacked}");
    }

    private async Task AddModulesAsync(CpioWriter archive, CancellationToken ct)
    {
        var order = new System.Text.StringBuilder();
        foreach (var module in KernelModules.LoadOrder(Path.Combine(unpacked, "lib/modules")))
        {
            var path = $"lib/modules/{Path.GetFileName(module)}";
            archive.AddFile(path, await File.ReadAllBytesAsync(module, ct), isExecutable: false);
            order.Append('/').Append(path).Append('\n');
        }

        archive.AddFile("lib/modules/load-order", System.Text.Encoding.ASCII.GetBytes(order.ToString()), isExecutable: false);
    }

    private byte[] ReadResource(string name)
    {
        using var stream = typeof(TinyRootFiles).Assembly.GetManifestResourceStream($"Skep.Compute.Images.Tiny.{name}")
            ?? throw new InvalidOperationException($"resource {name} is not part of this program");
        using var reader = new StreamReader(stream);
        return System.Text.Encoding.UTF8.GetBytes(reader.ReadToEnd().Replace("ttyS0", architecture.SerialConsole, StringComparison.Ordinal));
    }
}
