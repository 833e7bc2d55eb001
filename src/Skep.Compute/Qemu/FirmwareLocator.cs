namespace Skep.Compute.Qemu;

/// <summary>Finds UEFI firmware where distributions put it.</summary>
public static class FirmwareLocator
{
    private static readonly (string Code, string Variables)[] _x86 =
    [
        ("usr/share/OVMF/OVMF_CODE_4M.fd", "usr/share/OVMF/OVMF_VARS_4M.fd"),
        ("usr/share/OVMF/OVMF_CODE.fd", "usr/share/OVMF/OVMF_VARS.fd"),
        ("usr/share/edk2/ovmf/OVMF_CODE.fd", "usr/share/edk2/ovmf/OVMF_VARS.fd"),
        ("usr/share/edk2/x64/OVMF_CODE.4m.fd", "usr/share/edk2/x64/OVMF_VARS.4m.fd"),
        ("usr/share/qemu/ovmf-x86_64-code.bin", "usr/share/qemu/ovmf-x86_64-vars.bin"),
    ];

    private static readonly (string Code, string Variables)[] _arm =
    [
        ("usr/share/AAVMF/AAVMF_CODE.fd", "usr/share/AAVMF/AAVMF_VARS.fd"),
        ("usr/share/edk2/aarch64/QEMU_EFI-pflash.raw", "usr/share/edk2/aarch64/vars-template-pflash.raw"),
    ];

    /// <summary>Code and the template of the variables, or null when no firmware is installed.</summary>
    public static FirmwareFiles? Find(string architecture, string root)
    {
        foreach (var (code, variables) in architecture == "arm64" ? _arm : _x86)
        {
            var files = new FirmwareFiles(Path.Combine(root, code), Path.Combine(root, variables));
            if (File.Exists(files.CodePath) && File.Exists(files.VariablesPath))
                return files;
        }

        return null;
    }
}
