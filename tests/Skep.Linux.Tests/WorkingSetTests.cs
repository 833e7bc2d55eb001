namespace Skep.Linux.Tests;

public sealed class WorkingSetTests
{
    private const string Smaps = """
        1000-3000 r-xp 00000000 fe:00 42                         /opt/my program
        Rss:                   8 kB
        Anonymous:             0 kB
        3000-4000 r-xp 00002000 fe:00 42                         /opt/my program
        Rss:                   4 kB
        Anonymous:             4 kB
        4000-5000 rw-p 00003000 fe:00 42                         /opt/my program
        Rss:                   4 kB
        Anonymous:             0 kB
        5000-6000 r--s 00003000 fe:00 42                         /opt/my program
        Anonymous:             0 kB
        7000-8000 r-xp 00003000 fe:00 43                         /usr/lib/other.so
        Anonymous:             0 kB
        9000-a000 rw-p 00000000 00:00 0
        Anonymous:             0 kB
        """;

    [Fact]
    public void Only_read_only_mappings_of_the_program_without_own_copies_are_given_back() =>
        Assert.Equal([(0x1000, 0x2000), (0x5000, 0x1000)], WorkingSet.FindCleanMappings(Smaps.Split('\n'), "/opt/my program"));

    [Fact]
    public void A_process_survives_it() => WorkingSet.Trim();
}
