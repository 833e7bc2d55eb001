namespace Skep.Blocks.Chunks;

/// <summary>The first 8 bytes of each kind of object in <see cref="TableFormat"/>.</summary>
internal static class Magic
{
    public static ReadOnlySpan<byte> Store => "SKEPCSTO"u8;

    public static ReadOnlySpan<byte> Manifest => "SKEPSNAP"u8;

    public static ReadOnlySpan<byte> Gravestone => "SKEPGONE"u8;

    public static ReadOnlySpan<byte> Pending => "SKEPPEND"u8;

    public static ReadOnlySpan<byte> Part => "SKEPPART"u8;

    public static ReadOnlySpan<byte> Condemned => "SKEPCOND"u8;
}
