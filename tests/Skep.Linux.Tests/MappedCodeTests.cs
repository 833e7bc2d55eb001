using Skep.Linux;

namespace Skep.Linux.Tests;

public sealed class MappedCodeTests
{
    [Fact]
    public void Finds_only_mappings_of_files_that_cannot_be_and_were_not_written()
    {
        string[] smaps =
        [
            "1000-3000 r-xp 00000000 fe:00 12  /usr/bin/a program", "Size: 8 kB", "Anonymous:             0 kB",
            "3000-4000 r--p 00002000 fe:00 12  /usr/bin/a program", "Anonymous:             4 kB",
            "4000-5000 rw-p 00003000 fe:00 12  /usr/bin/a program", "Anonymous:             0 kB",
            "5000-6000 r-xp 00000000 00:00 0 ", "Anonymous:             0 kB",
            "6000-7000 r-xs 00000000 00:01 7  /memfd:doublemapper (deleted)", "Anonymous:             0 kB",
            "7000-8000 r--p 00000000 00:00 0  [vvar]", "Anonymous:             0 kB",
            "9000-a000 r--s 00000000 fe:00 12  /usr/bin/a program", "Anonymous:             0 kB",
            "8000-9000 r--p 00000000 fe:00 13  /usr/lib/b.so", "Anonymous:             0 kB",
        ];

        Assert.Equal([(0x1000, (nuint)0x2000), (0x9000, (nuint)0x1000), (0x8000, (nuint)0x1000)], MappedCode.Find(smaps));
    }

    [Fact]
    public void Reads_how_much_of_files_is_present()
    {
        Assert.Equal(3_456, MappedCode.ParseShared("56789 12345 3456 789 0 1234 0\n"));
        Assert.True(MappedCode.ReadResidentBytes() > 0);
    }

    [Fact]
    public void Goes_on_running_after_its_code_was_released()
    {
        MappedCode.Release();

        Assert.NotEmpty(MappedCode.Find(File.ReadLines("/proc/self/smaps")));
    }
}
