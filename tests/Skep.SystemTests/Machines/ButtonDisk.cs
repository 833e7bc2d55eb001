namespace Skep.SystemTests.Machines;

/// <summary>
/// The smallest guest: a boot sector that sleeps until the power button is pressed and then powers off. It is up as
/// soon as the firmware is, so a test can go through the life of many machines in little time.
/// </summary>
internal static class ButtonDisk
{
    private const int DiskBytes = 1 << 20;

    /// <summary>8086 code for q35's ACPI registers where SeaBIOS puts them (0x600).</summary>
    private static readonly byte[] _code =
    [
        0xba, 0x02, 0x06, //        mov dx, 0x602    ; PM1_EN
        0xb8, 0x00, 0x01, //        mov ax, 0x100    ; the power button
        0xef, //                    out dx, ax
        0xba, 0x00, 0x06, // again: mov dx, 0x600    ; PM1_STS
        0xfb, //                    sti
        0xf4, //                    hlt              ; the timer wakes it
        0xed, //                    in ax, dx
        0xf6, 0xc4, 0x01, //        test ah, 1       ; the power button
        0x74, 0xf5, //              jz again
        0xba, 0x04, 0x06, //        mov dx, 0x604    ; PM1_CNT
        0xb8, 0x00, 0x20, //        mov ax, 0x2000   ; off
        0xef, //                    out dx, ax
        0xf4, //                    hlt
    ];

    /// <summary>Writes the disk, raw.</summary>
    public static async Task WriteAsync(string path, CancellationToken ct)
    {
        var disk = new byte[DiskBytes];
        _code.CopyTo(disk, 0);
        (disk[510], disk[511]) = (0x55, 0xaa);
        await File.WriteAllBytesAsync(path, disk, ct);
    }
}
