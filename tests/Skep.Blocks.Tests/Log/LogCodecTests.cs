using Skep.Blocks.Log;

namespace Skep.Blocks.Tests.Log;

/// <summary>Every structure: there and back, cut at every length, and damaged at random.</summary>
public sealed class LogCodecTests
{
    private static readonly Guid Volume = new("00112233-4455-6677-8899-aabbccddeeff");

    private static readonly ManifestChange[] Changes =
    [
        new VolumeCreated(1L << 40, 8 << 20, LogCompression.Zstd, HasBase: true, IsClone: true),
        new VolumeClaimed(Guid.Parse("11111111-2222-3333-4444-555555555555"), 4),
        new LogTrimmed(5),
        new ObjectAdded(7, 30, 400, 16_000, 3,
        [
            new PlacedExtent(1000, 8, 0, 0), new PlacedExtent(8, 12, 4, 77), new PlacedExtent(1L << 40, 10, PlacedExtent.Vacant, 0),
        ]),
        new RangesCleared([new ClearedRange(5, 1UL << 50, IsAllocated: false), new ClearedRange(9, 1, IsAllocated: true)]),
        new LogDrained(Guid.Parse("11111111-2222-3333-4444-555555555555"), ulong.MaxValue),
        new ObjectsPurged([1, 2, 3]),
        new CheckpointTaken(12, Guid.Parse("11111111-2222-3333-4444-555555555556")),
        new SnapshotSaved("ä"),
        new SnapshotDeleted("snap-1"),
        new CloneRegistered("other/volume", Volume, "snap-1"),
        new CloneRemoved("other/volume"),
        new VolumeResized(4096),
        new KeyWrapped("key-1", [1, 2, 3]),
        new BaseDropped(),
        new SnapshotCreated("snap-2", 1_700_000_000_000),
    ];

    private static byte[] Record() =>
        ManifestCodec.Write(new ManifestRecord(9, 4, Guid.Parse("aaaaaaaa-2222-3333-4444-555555555555"), Guid.Parse("bbbbbbbb-2222-3333-4444-555555555555"), Changes), Volume).ToArray();

    private static VolumeState State()
    {
        var state = new VolumeState("vol", Volume);
        ManifestRecord Next(params ManifestChange[] changes) => new(state.Number + 1, state.Epoch + (changes[0] is VolumeCreated or VolumeClaimed ? 1u : 0), Guid.NewGuid(), state.Nonce, changes);
        state.Apply(Next(new VolumeCreated(1 << 20, 64 << 10, LogCompression.Zstd, HasBase: true, IsClone: false), new KeyWrapped("k", [9, 9])), "1");
        state.Apply(Next(new VolumeClaimed(Guid.NewGuid(), 3)), "2");
        state.Apply(Next(new ObjectAdded(1, 40, 300, 20_000, 0, [new PlacedExtent(0, 20, 0, 0), new PlacedExtent(100, 20, 0, 0)]), new SnapshotCreated("s", 5)), "3");
        state.Apply(Next(new ObjectAdded(2, 20, 300, 20_000, 0, [new PlacedExtent(0, 20, 0, 0)]), new RangesCleared([new ClearedRange(90, 20, false), new ClearedRange(300, 4, true)]), new LogDrained(state.WalId, 77)), "4");
        state.Apply(Next(new CheckpointTaken(3, Guid.NewGuid()), new CloneRegistered("c", Guid.NewGuid(), "s"), new CheckpointTaken(4, Guid.NewGuid()), new SnapshotSaved("s")), "5");
        state.Apply(Next(new ObjectAdded(3, 10, 300, 20_000, 2, [new PlacedExtent(110, 10, 1, 30)])), "6");
        return state;
    }

    private static byte[] Header() => new DataObjectHeader
    {
        VolumeId = Volume,
        Epoch = 3,
        Id = 9,
        IsEncrypted = true,
        Salt = VolumeWorld.Pattern(1, 32),
        Extents = [new PlacedExtent(5, 100, 0, 0), new PlacedExtent(900, 100, 8, 16)],
        Sectors = 200,
        Blocks = [new StoredBlock(0, 65_552, 0xdeadbeef, false), new StoredBlock(65_552, 1234, 0xcafebabe, true)],
    }.Write().ToArray();

    [Fact]
    public void A_record_of_the_manifest_log_comes_back()
    {
        var record = ManifestCodec.Read(Record(), "r", Volume);
        Assert.Equal((9ul, 4u), (record.Number, record.Epoch));
        Assert.Equal(Changes.Length, record.Changes.Count);
        Assert.Equal(Record(), ManifestCodec.Write(record, Volume).ToArray());
        Assert.Equal(Changes.OfType<ObjectAdded>().Single().Extents, record.Changes.OfType<ObjectAdded>().Single().Extents);
        Assert.Equal(Changes.OfType<RangesCleared>().Single().Ranges, record.Changes.OfType<RangesCleared>().Single().Ranges);
    }

    [Fact]
    public void A_checkpoint_comes_back_with_all_that_it_counts()
    {
        var state = State();
        byte[] data = CheckpointCodec.Write(state).ToArray();
        var read = CheckpointCodec.Read(data, "c", "vol", Volume);
        Assert.Equal(data, CheckpointCodec.Write(read).ToArray());
        Assert.Equal(state.Map.All(), read.Map.All());
        Assert.Equal(state.Objects.Values.Select(o => (o.Id, o.LiveSectors, o.DroppedAt, o.Birth)), read.Objects.Values.Select(o => (o.Id, o.LiveSectors, o.DroppedAt, o.Birth)));
        Assert.Equal(state.Dropped, read.Dropped);
        Assert.Equal([1u], state.Dropped);
        Assert.Equal(state.Drained, read.Drained);
    }

    [Fact]
    public void The_header_of_a_data_object_comes_back()
    {
        var header = DataObjectHeader.Read(Header(), "o", Volume, 3, 9);
        Assert.Equal(Header(), header.Write().ToArray());
        Assert.Equal(LogFormatError.Foreign, Assert.Throws<LogFormatException>(() => DataObjectHeader.Read(Header(), "o", Volume, 3, 10)).Error);
    }

    public static TheoryData<string> Kinds() => ["record", "checkpoint", "header", "identity", "head", "fence"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Cut_anywhere_it_is_damaged_and_says_so(string kind)
    {
        byte[] whole = Bytes(kind);
        Read(kind, whole);
        for (int length = 0; length < whole.Length; length++)
        {
            var failure = Assert.Throws<LogFormatException>(() => Read(kind, whole[..length]));
            Assert.Equal(LogFormatError.Damaged, failure.Error);
            Assert.StartsWith("the-thing", failure.Message, StringComparison.Ordinal);
        }
        Assert.Equal(LogFormatError.Damaged, Assert.Throws<LogFormatException>(() => Read(kind, [.. whole, 0])).Error);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void One_turned_bit_is_never_believed(string kind)
    {
        byte[] whole = Bytes(kind);
        for (int bit = 0; bit < whole.Length * 8; bit++)
        {
            byte[] damaged = [.. whole];
            damaged[bit / 8] ^= (byte)(1 << bit % 8);
            Assert.Throws<LogFormatException>(() => Read(kind, damaged));
        }
    }

    /// <summary>The checksum made right again: whoever can do that may lie, but must not crash the reader or make it take much memory.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void Random_content_with_a_right_checksum_is_read_or_refused(string kind)
    {
        byte[] whole = Bytes(kind);
        var random = new Random(7);
        int refused = 0;
        for (int i = 0; i < 5_000; i++)
        {
            byte[] damaged = [.. whole];
            for (int n = random.Next(1, 4); n > 0; n--)
                damaged[random.Next(Envelope.HeaderBytes, damaged.Length)] = (byte)random.Next(256);
            var writer = new ByteWriter();
            writer.Bytes(damaged);
            byte[] sealedAgain = Envelope.Seal(writer, System.Text.Encoding.ASCII.GetString(whole, 4, 4), Volume).ToArray();
            try
            {
                Read(kind, sealedAgain);
            }
            catch (LogFormatException)
            {
                refused++;
            }
        }
        Assert.True(refused > 0 || kind is "head" or "identity" or "fence", $"seed 7: none of 5,000 was refused");
    }

    [Fact]
    public void Other_kinds_other_volumes_and_newer_versions_are_told_apart()
    {
        Assert.Equal(LogFormatError.Foreign, Assert.Throws<LogFormatException>(() => ManifestCodec.Read(Header(), "x", Volume)).Error);
        Assert.Equal(LogFormatError.Foreign, Assert.Throws<LogFormatException>(() => ManifestCodec.Read(Record(), "x", Guid.NewGuid())).Error);
        byte[] newer = Record();
        newer[8]++;
        Assert.Equal(LogFormatError.Newer, Assert.Throws<LogFormatException>(() => ManifestCodec.Read(newer, "x", Volume)).Error);
    }

    [Fact]
    public void The_header_of_a_segment_is_found_by_either_copy()
    {
        var header = SegmentHeader(5);
        byte[] block = new byte[4096];
        header.Write(block);
        Assert.Equal(header with { Salt = [] }, WalSegmentHeader.Read(block, "s")! with { Salt = [] });
        for (int at = 0; at < block.Length; at++)
        {
            byte[] damaged = [.. block];
            damaged[at] ^= 0x10;
            if (at is < 8 or >= 2048 and < 2056)
                Assert.Throws<LogFormatException>(() => WalSegmentHeader.Read(damaged, "s"));
            else
                Assert.Equal(5u, WalSegmentHeader.Read(damaged, "s")!.Ordinal);
        }
        Assert.Null(WalSegmentHeader.Read(new byte[4096], "s"));
    }

    [Fact]
    public void Of_a_segment_header_torn_between_two_uses_the_whole_copy_counts()
    {
        byte[] older = new byte[4096], newer = new byte[4096];
        SegmentHeader(5).Write(older);
        SegmentHeader(6).Write(newer);
        byte[] torn = [.. newer[..2048], .. older[2048..]];
        Assert.Equal(6u, WalSegmentHeader.Read(torn, "s")!.Ordinal);
        torn = [.. newer[..100], .. older[100..]];
        Assert.Equal(5u, WalSegmentHeader.Read(torn, "s")!.Ordinal);
    }

    private static WalSegmentHeader SegmentHeader(uint ordinal) => new()
    {
        VolumeId = Volume,
        WalId = Guid.Parse("11111111-2222-3333-4444-555555555555"),
        Epoch = 3,
        Ordinal = ordinal,
        Generation = 0x1122334455667788ul + ordinal,
        PreviousGeneration = 17,
        FirstSequence = 1000,
        SyncedSequence = 900,
        IsEncrypted = true,
        Salt = VolumeWorld.Pattern(3, 32),
    };

    private static byte[] Bytes(string kind) => kind switch
    {
        "record" => Record(),
        "checkpoint" => CheckpointCodec.Write(State()).ToArray(),
        "header" => Header(),
        "fence" => new VolumeFence(Guid.NewGuid(), 77).Write(Volume).ToArray(),
        "identity" => new VolumeIdentity(Volume, Guid.NewGuid(), "parent", Guid.NewGuid()).Write().ToArray(),
        _ => VolumeHead.Write(123, Volume).ToArray(),
    };

    private static void Read(string kind, byte[] data)
    {
        switch (kind)
        {
            case "record":
                ManifestCodec.Read(data, "the-thing", Volume);
                break;
            case "checkpoint":
                CheckpointCodec.Read(data, "the-thing", "vol", Volume);
                break;
            case "header":
                DataObjectHeader.Read(data, "the-thing", Volume, 3, 9);
                break;
            case "fence":
                VolumeFence.Read(data, "the-thing", Volume);
                break;
            case "identity":
                Assert.Equal(Volume, VolumeIdentity.Read(data, "the-thing").VolumeId == Volume ? Volume : throw new LogFormatException(LogFormatError.Foreign, "the-thing"));
                break;
            default:
                VolumeHead.Read(data, "the-thing", Volume);
                break;
        }
    }
}
