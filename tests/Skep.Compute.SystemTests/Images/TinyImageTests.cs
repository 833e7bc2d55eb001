using System.Diagnostics;
using Skep.Compute.Images;
using Skep.Compute.Images.Tiny;
using Skep.Linux;
using Skep.Linux.DiskImages;

namespace Skep.Compute.SystemTests.Images;

/// <summary>Builds the tiny image out of real packages and boots it, emulated, over UEFI.</summary>
public sealed class TinyImageTests
{
    private const string Firmware = "/usr/share/OVMF/OVMF_CODE_4M.fd";
    private const string FirmwareVariables = "/usr/share/OVMF/OVMF_VARS_4M.fd";
    private const long SizeMax = 30L << 20;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Builds_boots_grows_its_root_and_says_that_it_is_ready()
    {
        foreach (var needed in new[] { "/usr/bin/apt-get", "/usr/sbin/mkfs.vfat", "/usr/bin/mcopy", "/usr/bin/qemu-system-x86_64", Firmware })
        {
            if (!File.Exists(needed))
                Assert.Skip($"{needed} is not installed");
        }

        var directory = Directory.CreateTempSubdirectory("skep-tiny-").FullName;
        try
        {
            var runner = new CommandRunner(TimeProvider.System);
            var built = await new TinyImageBuilder(runner).BuildAsync(directory, new Progress<ImageBuildProgress>(), Ct);
            Assert.InRange(new FileInfo(built.Path).Length, 1, SizeMax);
            Assert.Equal("root", built.DefaultUser);
            if (Environment.GetEnvironmentVariable("SKEP_KEEP_TINY") is { Length: > 0 } keep)
                File.Copy(built.Path, keep, overwrite: true);

            var disk = Path.Combine(directory, "disk.qcow2");
            await new QemuImg(runner).CreateOverlayAsync(disk, built.Path, DiskImageFormat.Qcow2, 2L << 30, Ct);
            var console = await BootAsync(directory, disk);
            Assert.Contains(console, line => line.Contains("skep-tiny ready", StringComparison.Ordinal));
            Assert.DoesNotContain(console, line => line.Contains("cannot load", StringComparison.Ordinal));
            var root = Assert.Single(console, line => line.StartsWith("/dev/vda2 ", StringComparison.Ordinal));
            Assert.InRange(int.Parse(root.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]), 1_800, 2_048);
            // 2 GiB less the EFI partition: the table's entry was written anew by the guest.
            Assert.Equal((2L << 30) / 512 - 27 * 2048, await ReadRootSectorsAsync(runner, directory, disk));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<List<string>> BootAsync(string directory, string disk)
    {
        File.Copy(FirmwareVariables, Path.Combine(directory, "vars.fd"));
        using var qemu = new Process
        {
            StartInfo = new ProcessStartInfo("qemu-system-x86_64",
            [
                "-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-m", "512", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                "-drive", $"if=pflash,format=raw,readonly=on,file={Firmware}", "-drive", $"if=pflash,format=raw,file={directory}/vars.fd",
                "-blockdev", $"driver=qcow2,node-name=disk,file.driver=file,file.filename={disk}", "-device", "virtio-blk-pci,drive=disk,bootindex=1",
                "-serial", "stdio",
            ])
            {
                RedirectStandardOutput = true,
                RedirectStandardInput = true,
                RedirectStandardError = true,
            },
        };
        var lines = new List<string>();
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        deadline.CancelAfter(TimeSpan.FromMinutes(5));
        qemu.Start();
        try
        {
            while (await qemu.StandardOutput.ReadLineAsync(deadline.Token) is { } line)
            {
                lines.Add(line);
                if (line.Contains("skep-tiny ready", StringComparison.Ordinal))
                {
                    // The console is a root shell once somebody presses a key.
                    await qemu.StandardInput.WriteAsync("\ndf -m /; sync; poweroff\n".AsMemory(), deadline.Token);
                    await qemu.StandardInput.FlushAsync(deadline.Token);
                }
            }

            await qemu.WaitForExitAsync(deadline.Token);
            return lines;
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"the guest did not get ready and power off; its console:\n{string.Join('\n', lines.TakeLast(40))}");
            throw;
        }
        finally
        {
            if (!qemu.HasExited)
                qemu.Kill();
        }
    }

    private static async Task<long> ReadRootSectorsAsync(CommandRunner runner, string directory, string disk)
    {
        var raw = Path.Combine(directory, "first.raw");
        await runner.CheckAsync(new Command("qemu-img", "dd", "-f", "qcow2", "-O", "raw", "bs=512", "count=1", $"if={disk}", $"of={raw}"), Ct);
        return BitConverter.ToUInt32(await File.ReadAllBytesAsync(raw, Ct), 446 + 16 + 12);
    }
}
