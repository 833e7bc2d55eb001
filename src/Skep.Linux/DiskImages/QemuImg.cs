using System.Globalization;
using System.Text.Json;

namespace Skep.Linux.DiskImages;

/// <summary>What qemu-img knows of an image.</summary>
/// <param name="VirtualSizeBytes">Size of the disk that a machine sees.</param>
/// <param name="ActualSizeBytes">Space the file takes on its file system.</param>
/// <param name="BackingFile">The name of the backing file as written in the image; null without one.</param>
public sealed record QemuImgInfo(long VirtualSizeBytes, long ActualSizeBytes, string? BackingFile);

/// <summary>
/// qemu-img(1). Formats are always given, never guessed: a guess lets a guest that owns the bytes of a raw disk choose
/// the format, and with it files to open. Commands run in the file's directory with its bare name, so that an
/// unprivileged user needs no way to the directories above it.
/// </summary>
public sealed class QemuImg(CommandRunner runner)
{
    private static readonly TimeSpan _quickTimeout = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan _copyTimeout = TimeSpan.FromHours(6);

    /// <summary>Making a LUKS header measures this machine's speed twice, which takes seconds of its processor.</summary>
    private static readonly TimeSpan _encryptTimeout = TimeSpan.FromMinutes(5);

    /// <summary>
    /// What QEMU 7.2 fails with when the first round of that measurement was too short for the kernel's account of
    /// processor time, and how often it is tried: chance decides each time anew.
    /// </summary>
    private const string ClockTooCoarse = "Unable to get accurate CPU usage";
    private const int EncryptAttemptsMax = 40;

    /// <summary>
    /// LUKS inside qcow2. The passphrase is a random key, which needs no stretching; 10 ms is what QEMU is asked to spend.
    /// </summary>
    private const string EncryptionOptions = $"encrypt.format=luks,encrypt.key-secret={SecretId},encrypt.iter-time=10";

    private const string SecretId = "key";

    /// <summary>
    /// Clusters in parts of 4 KiB: the first write to a place brings 4 KiB from below with it, not a whole cluster. The
    /// way for disks whose tables cannot be made ahead.
    /// </summary>
    private const string SubclusterOptions = "extended_l2=on,cluster_size=128k";

    /// <summary>Address space of a confined qemu-img, in bytes: far more than a sane image needs.</summary>
    private const long ConfinedAddressSpaceMax = 8L << 30;

    /// <summary>
    /// The user that commands run as, for files of unknown origin. Null keeps this process' own, also where it is not root
    /// and so has nothing to give up.
    /// </summary>
    public SystemUser? User { get; init; }

    /// <summary>
    /// The file with the passphrase (<see cref="SecretFile"/>) of qcow2 disks that are encrypted, or are made so. Null for
    /// disks that are not.
    /// </summary>
    public string? SecretPath { get; init; }

    /// <summary>The arguments that name a disk to QEMU's tools: its format, its key if it has one, and last the file.</summary>
    /// <param name="format">Its format, by QEMU's name.</param>
    /// <param name="fileName">The file.</param>
    /// <param name="secretPath">The file with its passphrase; null when it is not encrypted.</param>
    public static IReadOnlyList<string> Address(string format, string fileName, string? secretPath) => secretPath is null
        ? ["-f", format, fileName]
        : [.. SecretObject(secretPath), "--image-opts", $"driver={format},encrypt.format=luks,encrypt.key-secret={SecretId},file.driver=file,file.filename={Escape(fileName)}"];

    /// <summary>Reads an image's facts.</summary>
    /// <exception cref="CommandException">qemu-img is missing or refuses the file.</exception>
    public async Task<QemuImgInfo> InfoAsync(string path, DiskImageFormat format, CancellationToken ct)
    {
        var result = await runner.CheckAsync(
            Make(DirectoryOf(path), _quickTimeout, "info", "--output=json", "-U", "-f", format.QemuName(), Path.GetFileName(path)), ct);
        using var document = JsonDocument.Parse(result.Output);
        var root = document.RootElement;
        return new QemuImgInfo(
            root.GetProperty("virtual-size").GetInt64(),
            root.GetProperty("actual-size").GetInt64(),
            root.TryGetProperty("backing-filename", out var backing) ? backing.GetString() : null);
    }

    /// <summary>Makes an empty disk.</summary>
    public Task CreateAsync(string path, DiskImageFormat format, long sizeBytes, CancellationToken ct) =>
        CreateAsync(path, format, format is DiskImageFormat.Qcow2 ? OptionsOf(sizeBytes) : null, [], sizeBytes, ct);

    /// <summary>Makes an empty qcow2 disk with clusters of a size.</summary>
    public Task CreateAsync(string path, DiskImageFormat format, long sizeBytes, int clusterBytes, CancellationToken ct) =>
        CreateAsync(path, format, $"cluster_size={Bytes(clusterBytes)}", [], sizeBytes, ct);

    /// <summary>
    /// Makes a qcow2 disk whose unwritten parts come from another file. <paramref name="backingFile"/> is written into the
    /// disk as it is: relative to the disk's own directory or absolute.
    /// </summary>
    public Task CreateOverlayAsync(string path, string backingFile, DiskImageFormat backingFormat, long sizeBytes, CancellationToken ct) =>
        CreateAsync(path, DiskImageFormat.Qcow2, SubclusterOptions, ["-F", backingFormat.QemuName(), "-b", backingFile], sizeBytes, ct);

    /// <summary>The same, without opening what it is on: it may not be there at this moment.</summary>
    public Task CreateOverlayUnopenedAsync(string path, string backingFile, DiskImageFormat backingFormat, long sizeBytes, CancellationToken ct) =>
        CreateAsync(path, DiskImageFormat.Qcow2, null, ["-u", "-F", backingFormat.QemuName(), "-b", backingFile], sizeBytes, ct);

    /// <summary>Grows a disk that no machine has open.</summary>
    public Task ResizeAsync(string path, DiskImageFormat format, long sizeBytes, CancellationToken ct) =>
        runner.CheckAsync(Make(DirectoryOf(path), _quickTimeout, ["resize", "-q", .. Address(format.QemuName(), Path.GetFileName(path), SecretPath), Bytes(sizeBytes)]), ct);

    /// <summary>
    /// Copies a disk, backing files included, into a new qcow2 file in the same or another directory; compressed when asked.
    /// </summary>
    public Task ConvertToQcow2Async(string source, DiskImageFormat format, string target, bool compress, CancellationToken ct)
    {
        var directory = DirectoryOf(source);
        var targetName = Path.GetRelativePath(directory, Path.GetFullPath(target));
        string[] compression = compress ? ["-c"] : [];
        return runner.CheckAsync(
            Make(directory, _copyTimeout, ["convert", "-f", format.QemuName(), "-O", "qcow2", .. compression, Path.GetFileName(source), targetName]), ct);
    }

    /// <summary>Checks the tables of a qcow2 file.</summary>
    /// <exception cref="DiskImageException">They contradict each other.</exception>
    public async Task CheckAsync(string path, CancellationToken ct)
    {
        // Exit codes of qemu-img check: 0 consistent, 1 the check failed, 2 corrupt, 3 leaked clusters (harmless).
        var result = await runner.RunAsync(Make(DirectoryOf(path), _copyTimeout, "check", "-q", "-f", "qcow2", Path.GetFileName(path)), ct);
        if (result.ExitCode is 0 or 3)
            return;
        var said = (result.Error + result.Output).Trim();
        throw new DiskImageException($"{Path.GetFileName(path)} is corrupt: qemu-img check says: {(said.Length > 500 ? said[..500] : said)}");
    }

    /// <summary>
    /// How an empty qcow2 disk is laid out. With its tables made ahead it is as fast as a raw file: a write is a write, where
    /// otherwise the first one to each place costs several (docs/benchmarks.md). The tables take 8 bytes a cluster, and
    /// everything gets a place in the file, whose size file systems bound; so large disks have large clusters, and the
    /// largest no tables ahead.
    /// </summary>
    private string OptionsOf(long sizeBytes)
    {
        // With tables made ahead, what was never written would be read as zeroes decrypted: noise, which snapshots would keep.
        if (SecretPath is not null)
            return SubclusterOptions;
        const long SmallMax = 256L << 30; // 32 MiB of tables, which is also what QEMU caches of them
        const long LargeMax = 8L << 40; // ext4's files end at 16 TiB
        return sizeBytes switch
        {
            <= SmallMax => "preallocation=metadata,cluster_size=64k",
            <= LargeMax => "preallocation=metadata,cluster_size=1M",
            _ => SubclusterOptions,
        };
    }

    private async Task CreateAsync(string path, DiskImageFormat format, string? options, string[] more, long sizeBytes, CancellationToken ct)
    {
        string?[] all = [SecretPath is null ? null : EncryptionOptions, options];
        var joined = string.Join(',', all.Where(o => o is not null));
        string[] secret = SecretPath is null ? [] : SecretObject(SecretPath);
        string[] layout = joined.Length == 0 ? [] : ["-o", joined];
        var command = Make(
            DirectoryOf(path), SecretPath is null ? _quickTimeout : _encryptTimeout,
            ["create", "-q", "-f", format.QemuName(), .. secret, .. layout, .. more, Path.GetFileName(path), Bytes(sizeBytes)]);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await runner.CheckAsync(command, ct);
                return;
            }
            catch (CommandException ex) when (SecretPath is not null && attempt < EncryptAttemptsMax && ex.Message.Contains(ClockTooCoarse, StringComparison.Ordinal))
            {
                // Measured again.
            }
        }
    }

    private static string[] SecretObject(string path) => ["--object", $"secret,id={SecretId},format=raw,file={Escape(path)}"];

    /// <summary>In QEMU's "key=value,…" form a comma in a value is written twice.</summary>
    private static string Escape(string value) => value.Replace(",", ",,", StringComparison.Ordinal);

    private static string DirectoryOf(string path) => Path.GetDirectoryName(Path.GetFullPath(path))!;

    private static string Bytes(long size) => size.ToString(CultureInfo.InvariantCulture);

    private Command Make(string directory, TimeSpan timeout, params string[] arguments)
    {
        if (User is not { } user || !SystemUser.IsRoot)
            return new Command("qemu-img", arguments) { WorkingDirectory = directory, Timeout = timeout };
        return new Command(
            "prlimit", [$"--as={Bytes(ConfinedAddressSpaceMax)}", "setpriv", $"--reuid={user.UserId}", $"--regid={user.GroupId}", "--clear-groups",
                "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", "qemu-img", .. arguments])
        {
            WorkingDirectory = directory,
            Timeout = timeout,
        };
    }
}
