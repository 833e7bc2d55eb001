using System.Runtime.InteropServices;
using Skep.Compute.Kinds;
using Skep.Compute.Qemu;

namespace Skep.Compute.Tests.Qemu;

/// <summary>What the host decides: accelerator, firmware, disk access, and the files it keeps.</summary>
public sealed class HostChoicesTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("skep-host-");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _root.Delete(recursive: true);

    [Theory]
    [InlineData(null, "kvm_intel", true, Architecture.X64, "kvm")]
    [InlineData(null, "kvm_amd", true, Architecture.X64, "kvm")]
    [InlineData(null, "kvm_pvm", true, Architecture.X64, "tcg")]
    [InlineData(null, "kvm_intel", false, Architecture.X64, "tcg")]
    [InlineData(null, null, true, Architecture.Arm64, "kvm")]
    [InlineData("kvm", null, false, Architecture.X64, "kvm")]
    [InlineData("tcg", "kvm_intel", true, Architecture.X64, "tcg")]
    public void KVM_is_chosen_only_where_it_is_real(string? forced, string? module, bool hasDevice, Architecture architecture, string expected)
    {
        if (module is not null)
            _root.CreateSubdirectory($"sys/module/{module}");
        if (hasDevice)
            Touch("dev/kvm");
        Assert.Equal(expected, Accelerator.Choose(forced, _root.FullName, architecture).Name);
    }

    [Fact]
    public void An_unknown_accelerator_is_refused_with_the_known_ones()
    {
        var ex = Assert.Throws<ArgumentException>(() => Accelerator.Choose("hvf", _root.FullName, Architecture.X64));
        Assert.Contains("\"hvf\" is not a way to run machines here: expected kvm or tcg", ex.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Firmware_is_found_only_with_both_of_its_files()
    {
        Touch("usr/share/OVMF/OVMF_CODE_4M.fd");
        Assert.Null(FirmwareLocator.Find("x86_64", _root.FullName));
        Touch("usr/share/OVMF/OVMF_VARS_4M.fd");
        Assert.EndsWith("OVMF_CODE_4M.fd", FirmwareLocator.Find("x86_64", _root.FullName)!.CodePath, StringComparison.Ordinal);
        Assert.Null(FirmwareLocator.Find("arm64", _root.FullName));
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("0\n", true)]
    [InlineData("1\n", false)]
    [InlineData("2\n", false)]
    public void io_uring_counts_only_when_everyone_may_use_it(string? setting, bool expected)
    {
        if (setting is not null)
            File.WriteAllText(Touch("proc/sys/kernel/io_uring_disabled"), setting);
        Assert.Equal(expected, DiskAccessProbe.IsIoUringForEveryone(_root.FullName));
    }

    [Fact]
    public async Task The_console_keeps_its_last_64_KiB_when_it_is_cut()
    {
        var path = Path.Combine(_root.FullName, "console.log");
        Assert.Empty(await ConsoleLog.ReadTailAsync(path, Ct));
        var content = new byte[ConsoleLog.SizeMax + 1];
        new Random(1).NextBytes(content);
        await File.WriteAllBytesAsync(path, content, Ct);
        await ConsoleLog.TrimAsync(path, Ct);
        Assert.Equal(content[^ConsoleLog.TailMax..], await File.ReadAllBytesAsync(path, Ct));
        Assert.Equal(content[^ConsoleLog.TailMax..], await ConsoleLog.ReadTailAsync(path, Ct));
    }

    [Fact]
    public async Task A_symbolic_link_in_place_of_the_console_is_not_followed()
    {
        var path = Path.Combine(_root.FullName, "console.log");
        File.CreateSymbolicLink(path, "/etc/hostname");
        await Assert.ThrowsAsync<IOException>(() => ConsoleLog.ReadTailAsync(path, Ct));
    }

    [Fact]
    public void A_record_is_written_whole_listed_and_removed()
    {
        var files = new MachineFiles(_root.FullName);
        var key = ComputeKinds.Instance.Key("team", "web");
        files.Write(key, new MachineRecord { Namespace = "team", Name = "web", IsUefi = true });
        Assert.Equal("team.web", Path.GetFileName(files.DirectoryOf(key)));
        Assert.Equal("i-0123456789abcdef0", Path.GetFileName(files.DirectoryOf(ComputeKinds.Instance.Key("team", "i-0123456789abcdef0"))));
        Assert.True(Assert.Single(files.List()).IsUefi);
        File.WriteAllText(Path.Combine(_root.FullName, "team.web.json"), "{\"cut");
        Assert.Null(files.Read(key));
        files.Remove(key);
        Assert.Empty(_root.EnumerateFileSystemInfos());
    }

    [Fact]
    public void Removing_where_no_machine_ever_started_is_no_error()
    {
        var files = new MachineFiles(Path.Combine(_root.FullName, "instances"));
        files.Remove(ComputeKinds.Instance.Key("team", "web"));
        Assert.Empty(files.List());
    }

    private string Touch(string path)
    {
        var full = Path.Combine(_root.FullName, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, "");
        return full;
    }
}
