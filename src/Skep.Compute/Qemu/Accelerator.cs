using System.Runtime.InteropServices;

namespace Skep.Compute.Qemu;

/// <summary>How machines run here, and why.</summary>
/// <param name="Name">kvm or tcg.</param>
/// <param name="Reason">A sentence for <c>skep doctor</c>.</param>
public sealed record Accelerator(string Name, string Reason)
{
    /// <summary>
    /// Chooses. A /dev/kvm that opens is no proof: paravirtual modules offer it and then run no ordinary kernel, so on
    /// x86-64 a module for the processor's own virtualization must be loaded.
    /// </summary>
    /// <param name="forced">The administrator's choice, or null.</param>
    /// <param name="root">"/", or a directory that stands for it in tests.</param>
    /// <param name="architecture">The host's.</param>
    public static Accelerator Choose(string? forced, string root, Architecture architecture)
    {
        if (forced is not null)
        {
            return forced is "kvm" or "tcg"
                ? new Accelerator(forced, "chosen by the administrator")
                : throw new ArgumentException($"\"{forced}\" is not a way to run machines here: expected kvm or tcg", nameof(forced));
        }

        if (!File.Exists(Path.Combine(root, "dev/kvm")))
            return new Accelerator("tcg", "there is no /dev/kvm: machines are emulated, which is slow");
        if (architecture is Architecture.Arm64)
            return new Accelerator("kvm", "/dev/kvm is there");
        foreach (var module in (ReadOnlySpan<string>)["kvm_intel", "kvm_amd"])
        {
            if (Directory.Exists(Path.Combine(root, "sys/module", module)))
                return new Accelerator("kvm", $"/dev/kvm is there and backed by {module}");
        }

        return new Accelerator("tcg", "/dev/kvm is there, but neither kvm_intel nor kvm_amd is loaded: it would not run ordinary kernels, so machines are emulated, which is slow");
    }
}
