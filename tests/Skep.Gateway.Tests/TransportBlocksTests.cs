using Skep.Testing;

namespace Skep.Gateway.Tests;

public sealed class TransportBlocksTests
{
    private readonly TestClock _clock = new();

    [Fact]
    public void Every_block_is_the_renters_own_until_it_is_given_back()
    {
        using var blocks = new TransportBlocks(_clock);
        var lent = Enumerable.Range(0, 10).Select(_ => blocks.Rent(4_096)).ToList();
        for (var i = 0; i < lent.Count; i++)
            lent[i].Memory.Span.Fill((byte)i);

        Assert.All(lent.Select((block, i) => (block, i)), b => Assert.Equal(-1, b.block.Memory.Span.IndexOfAnyExcept((byte)b.i)));
        Assert.All(lent, block => Assert.Equal(TransportBlocks.BlockBytes, block.Memory.Length));
    }

    [Fact]
    public void A_block_that_was_given_back_serves_the_next()
    {
        using var blocks = new TransportBlocks(_clock);
        var first = blocks.Rent();
        first.Dispose();

        Assert.Same(first, blocks.Rent());
        Assert.Equal(0, blocks.IdleCount);
    }

    [Fact]
    public void Keeps_what_was_in_use_lately_and_drops_the_rest()
    {
        using var blocks = new TransportBlocks(_clock);
        foreach (var block in Enumerable.Range(0, 10).Select(_ => blocks.Rent()).ToList())
            block.Dispose();
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(10, blocks.IdleCount);
        foreach (var block in Enumerable.Range(0, 3).Select(_ => blocks.Rent()).ToList())
            block.Dispose();
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(3, blocks.IdleCount);
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(0, blocks.IdleCount);
    }

    [Fact]
    public void Refuses_more_than_a_block_and_a_block_that_is_given_back_twice()
    {
        using var blocks = new TransportBlocks(_clock);
        var block = blocks.Rent();
        block.Dispose();

        Assert.Throws<InvalidOperationException>(block.Dispose);
        Assert.Throws<ArgumentOutOfRangeException>(() => blocks.Rent(blocks.MaxBufferSize + 1));
        Assert.Equal(1, blocks.IdleCount);
    }
}
