using Skep.Daemon;

namespace Skep.Tests.Daemon;

public sealed class MemoryPaceTests
{
    private const long Mib = 1024 * 1024;

    private readonly MemoryPace _pace = new();

    [Fact]
    public void Collects_once_after_the_work_is_over()
    {
        for (var second = 1; second <= 20; second++)
            Assert.False(_pace.IsCollectionDue(TimeSpan.FromSeconds(second), 60 * Mib));
        for (var second = 1; second < 5; second++)
            Assert.False(_pace.IsCollectionDue(TimeSpan.FromSeconds(20), 60 * Mib));
        Assert.True(_pace.IsCollectionDue(TimeSpan.FromSeconds(20), 60 * Mib));
        _pace.Collected(20 * Mib);
        for (var second = 1; second <= 20; second++)
            Assert.False(_pace.IsCollectionDue(TimeSpan.FromSeconds(20), 20 * Mib));
    }

    [Fact]
    public void A_little_work_is_calm()
    {
        for (var second = 1; second < 5; second++)
            Assert.False(_pace.IsCollectionDue(TimeSpan.FromMilliseconds(second * 40), 60 * Mib));
        Assert.True(_pace.IsCollectionDue(TimeSpan.FromMilliseconds(5 * 40), 60 * Mib));
    }

    [Fact]
    public void A_heap_that_grew_little_since_the_last_collection_is_left_alone()
    {
        _pace.Collected(100 * Mib);
        for (var second = 1; second <= 20; second++)
            Assert.False(_pace.IsCollectionDue(TimeSpan.Zero, 124 * Mib));
        Assert.True(_pace.IsCollectionDue(TimeSpan.Zero, 125 * Mib));
    }

    [Fact]
    public void Releases_code_when_much_of_it_has_come_back()
    {
        Assert.True(_pace.IsReleaseDue(60 * Mib));
        _pace.Released(20 * Mib);
        Assert.False(_pace.IsReleaseDue(23 * Mib));
        Assert.True(_pace.IsReleaseDue(24 * Mib));
    }
}
