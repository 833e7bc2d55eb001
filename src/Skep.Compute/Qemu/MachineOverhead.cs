namespace Skep.Compute.Qemu;

/// <summary>Memory that a QEMU process needs beyond its guest's.</summary>
public static class MachineOverhead
{
    private const long ProcessMib = 64;

    /// <summary>Translated code: see the cache size on the command line.</summary>
    private const long TranslationMib = 256;

    /// <summary>MiB for an accelerator: kvm, tcg or simulated.</summary>
    public static long Mib(string acceleration) => acceleration switch
    {
        "simulated" => 0,
        "tcg" => ProcessMib + TranslationMib,
        _ => ProcessMib,
    };
}
