using Skep.Blocks.Simulation;

namespace Skep.Blocks.Tests.Simulation;

/// <summary>The oracle on small histories: what it must allow, and what it must not.</summary>
public sealed class VolumeCheckerTests
{
    private const int Sectors = 4;
    private const int Size = Sectors * SectorStamp.SectorSize;
    private long _number;

    [Fact]
    public void A_new_volume_is_zeroes_and_nothing_else()
    {
        var checker = Make();
        checker.CheckRead(checker.Begin(), 0, Image(0, 0, 0, 0));
        Assert.Contains("sector 2 holds write 77, allowed: zeroes", Refuses(() => checker.CheckRead(checker.Begin(), 0, Image(0, 0, 77, 0))), StringComparison.Ordinal);
    }

    [Fact]
    public void An_acknowledged_write_must_be_read()
    {
        var checker = Make();
        var write = Write(checker, 0, 2);
        checker.CheckRead(checker.Begin(), 0, Image(write, write, 0, 0));
        var message = Refuses(() => checker.CheckRead(checker.Begin(), 0, Image(write, 0, 0, 0)));
        Assert.Contains($"volume: sector 1 holds zeroes, allowed: {write}", message, StringComparison.Ordinal);
    }

    [Fact]
    public void While_a_write_is_in_flight_each_sector_may_be_old_or_new()
    {
        var checker = Make();
        var write = checker.BeginWrite(0, Size, isZero: false);
        var read = checker.Begin();
        checker.CheckRead(read, 0, Image(0, write.Value, 0, write.Value));
        checker.EndWrite(write, isDurable: false);
        // This read began before the acknowledgement.
        checker.CheckRead(read, 0, Image(0, write.Value, 0, write.Value));
        Refuses(() => checker.CheckRead(checker.Begin(), 0, Image(0, write.Value, 0, write.Value)));
    }

    [Fact]
    public void Concurrent_writes_end_in_either_order_and_a_failed_one_may_be_there()
    {
        var checker = Make();
        var first = checker.BeginWrite(0, 512, isZero: false);
        var second = checker.BeginWrite(0, 512, isZero: false);
        checker.EndWrite(second, isDurable: false);
        checker.EndWrite(first, isDurable: false);
        checker.CheckRead(checker.Begin(), 0, Image(first.Value));
        checker.CheckRead(checker.Begin(), 0, Image(second.Value));
        var failed = checker.BeginWrite(0, 512, isZero: false);
        checker.FailWrite(failed);
        checker.CheckRead(checker.Begin(), 0, Image(failed.Value));
        var last = Write(checker, 0, 1);
        Refuses(() => checker.CheckRead(checker.Begin(), 0, Image(failed.Value)));
        checker.CheckRead(checker.Begin(), 0, Image(last));
    }

    [Fact]
    public void Data_of_another_sector_damaged_data_and_strange_bytes_are_told_apart()
    {
        var checker = Make();
        var write = Write(checker, 0, 4);
        var image = Image(write, write, write, write);
        image.AsSpan(0, 512).CopyTo(image.AsSpan(512));
        Assert.Contains($"sector 1 holds sector 0 of write {write}", Refuses(() => checker.CheckRead(checker.Begin(), 0, image)), StringComparison.Ordinal);
        image = Image(write, write, write, write);
        image[700] ^= 1;
        Assert.Contains($"a damaged sector of write {write}", Refuses(() => checker.CheckRead(checker.Begin(), 0, image)), StringComparison.Ordinal);
        image.AsSpan(512, 512).Fill(9);
        Assert.Contains("never written (0909", Refuses(() => checker.CheckRead(checker.Begin(), 0, image)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(VolumeLoss.None, false)]
    [InlineData(VolumeLoss.Process, false)]
    [InlineData(VolumeLoss.Power, true)]
    [InlineData(VolumeLoss.Machine, true)]
    public void What_was_only_acknowledged_is_lost_with_the_power_and_not_with_the_process(VolumeLoss loss, bool mayBeLost)
    {
        var checker = Make();
        Write(checker, 0, 1);
        checker.Crash(loss);
        if (mayBeLost)
            checker.CheckRecovered(Size, Image(0, 0, 0, 0));
        else
            Refuses(() => checker.CheckRecovered(Size, Image(0, 0, 0, 0)));
    }

    [Theory]
    [InlineData(VolumeLoss.Power, false)]
    [InlineData(VolumeLoss.Machine, true)]
    public void What_was_flushed_is_lost_only_with_the_machine(VolumeLoss loss, bool mayBeLost)
    {
        foreach (var isDurable in new[] { true, false })
        {
            var checker = Make();
            var write = Write(checker, 0, 1, isDurable);
            if (!isDurable)
                checker.EndFlush(checker.Begin());
            checker.Crash(loss);
            if (mayBeLost)
                checker.CheckRecovered(Size, Image(0, 0, 0, 0));
            else
                Assert.Contains("after a power cut", Refuses(() => checker.CheckRecovered(Size, Image(0, 0, 0, 0))), StringComparison.Ordinal);
            checker = Make();
            write = Write(checker, 0, 1, isDurable);
            checker.EndDrain(checker.Begin());
            checker.Crash(VolumeLoss.Machine);
            Refuses(() => checker.CheckRecovered(Size, Image(0, 0, 0, 0)));
            checker.CheckRecovered(Size, Image(write, 0, 0, 0));
        }
    }

    [Fact]
    public void A_flush_covers_what_was_acknowledged_before_it_began_only()
    {
        var checker = Make();
        var flush = checker.Begin();
        Write(checker, 0, 1);
        checker.EndFlush(flush);
        checker.Crash(VolumeLoss.Power);
        checker.CheckRecovered(Size, Image(0, 0, 0, 0));
    }

    [Fact]
    public void A_crash_keeps_a_moment_of_the_history()
    {
        var checker = Make();
        var first = Write(checker, 0, 1);
        var second = Write(checker, 1, 1);
        checker.Crash(VolumeLoss.Machine);
        var message = Refuses(() => checker.CheckRecovered(Size, Image(0, second, 0, 0)));
        Assert.Contains($"write {second} is there", message, StringComparison.Ordinal);
        checker.CheckRecovered(Size, Image(first, 0, 0, 0));
    }

    [Fact]
    public void What_a_recovery_has_shown_stays_and_a_flush_makes_it_durable()
    {
        var checker = Make();
        var write = Write(checker, 0, 1);
        checker.Crash(VolumeLoss.Power);
        checker.CheckRecovered(Size, Image(write, 0, 0, 0));
        Refuses(() => checker.CheckRead(checker.Begin(), 0, Image(0)));
        checker.EndFlush(checker.Begin());
        checker.Crash(VolumeLoss.Power);
        Refuses(() => checker.CheckRecovered(Size, Image(0, 0, 0, 0)));

        checker = Make();
        write = Write(checker, 0, 1);
        checker.Crash(VolumeLoss.Power);
        checker.CheckRecovered(Size, Image(0, 0, 0, 0));
        // What was found lost does not come back.
        Refuses(() => checker.CheckRead(checker.Begin(), 0, Image(write)));
        checker.Crash(VolumeLoss.Process);
        Refuses(() => checker.CheckRecovered(Size, Image(write, 0, 0, 0)));
    }

    [Fact]
    public void After_a_takeover_what_the_old_opener_acknowledges_does_not_count()
    {
        var checker = Make();
        var old = checker.BeginWrite(0, 512, isZero: false);
        checker.Crash(VolumeLoss.Machine);
        checker.CheckRecovered(Size, Image(0, 0, 0, 0));
        checker.EndWrite(old, isDurable: true);
        Refuses(() => checker.CheckRead(checker.Begin(), 0, Image(old.Value)));
        checker.CheckRead(checker.Begin(), 0, Image(0));
    }

    [Fact]
    public void A_volume_may_have_either_size_while_it_is_resized_and_grows_with_zeroes()
    {
        var checker = Make();
        Write(checker, 0, 4);
        var resize = checker.BeginResize(512);
        Assert.Equal([Size, 512], checker.SizesAllowed);
        checker.EndResize(resize, 512);
        Assert.Equal([512], checker.SizesAllowed);
        resize = checker.BeginResize(2 * Size);
        checker.EndResize(resize, 2 * Size);
        checker.CheckRead(checker.Begin(), 512, new byte[(2 * Size) - 512]);
        checker.Crash(VolumeLoss.Power);
        Refuses(() => checker.CheckRecovered(Size, new byte[Size]));
    }

    [Fact]
    public void A_snapshot_is_one_moment_while_it_was_taken_and_never_changes()
    {
        var checker = Make();
        var first = Write(checker, 0, 2);
        var begun = checker.Begin();
        var second = Write(checker, 0, 1);
        var third = Write(checker, 1, 1);
        var snapshot = new SnapshotChecker(checker, "s", begun);
        Assert.Contains("at the moment", Refuses(() => snapshot.Check(Image(first, third, 0, 0))), StringComparison.Ordinal);
        snapshot.Check(Image(second, first, 0, 0));
        Assert.Contains("which was there before", Refuses(() => snapshot.Check(Image(second, third, 0, 0))), StringComparison.Ordinal);
        var clone = new VolumeChecker("clone", snapshot.Values!, () => ++_number);
        clone.CheckRead(clone.Begin(), 0, Image(second, first, 0, 0));
    }

    private static string Refuses(Action check)
    {
        var ex = Assert.Throws<SimulationException>(check);
        Assert.Equal(SimulationFailure.WrongData, ex.Failure);
        return ex.Message;
    }

    private static byte[] Image(params long[] writes)
    {
        var image = new byte[writes.Length * SectorStamp.SectorSize];
        for (var i = 0; i < writes.Length; i++)
            SectorStamp.Fill(image.AsSpan(i * SectorStamp.SectorSize, SectorStamp.SectorSize), writes[i], i);
        return image;
    }

    private static long Write(VolumeChecker checker, int sector, int count, bool isDurable = false)
    {
        var write = checker.BeginWrite(sector * SectorStamp.SectorSize, count * SectorStamp.SectorSize, isZero: false);
        checker.EndWrite(write, isDurable);
        return write.Value;
    }

    private VolumeChecker Make() => new("volume", new long[Sectors], () => ++_number);
}
