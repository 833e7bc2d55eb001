using Skep.Blocks.Log;

namespace Skep.Blocks.Tests.Log;

/// <summary>The buffer in which data objects are built.</summary>
public sealed class DataObjectBuilderTests
{
    private const int BodyBytes = 1 << 20;

    [Fact]
    public void Memory_that_was_given_back_is_fresh_and_the_next_object_is_built_in_it()
    {
        byte[] content = VolumeWorld.Pattern(1, BodyBytes / 2);
        using var builder = new DataObjectBuilder(BodyBytes);
        byte[] first = Build(builder, content);
        builder.ReleaseMemory();
        Begin(builder);
        Assert.False(builder.GetSpace(BodyBytes / 2).Span.ContainsAnyExcept((byte)0), "the pages are still there");
        Assert.Equal(first, Build(builder, content));
    }

    [Fact]
    public void A_builder_that_built_nothing_has_nothing_to_give_back()
    {
        using var builder = new DataObjectBuilder(BodyBytes);
        builder.ReleaseMemory();
        byte[] content = VolumeWorld.Pattern(2, 8192);
        using var other = new DataObjectBuilder(BodyBytes);
        Assert.Equal(Build(other, content), Build(builder, content));
    }

    private static void Begin(DataObjectBuilder builder) =>
        builder.Begin(LogCompression.None, key: null, Guid.Empty, static bytes => bytes.Clear(), headerBytes: 0);

    private static byte[] Build(DataObjectBuilder builder, byte[] content)
    {
        Begin(builder);
        builder.AddContent(new PlacedExtent(0, (uint)content.Length / Extent.SectorBytes, PlacedExtent.Vacant, 0), content);
        return [.. builder.Finish(Guid.Empty, epoch: 1, id: 1).Parts.SelectMany(static p => p.ToArray())];
    }
}
