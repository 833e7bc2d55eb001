namespace Skep.Blocks.Nbd;

/// <summary>What all connections of a server share.</summary>
internal sealed record NbdShared(INbdExports Exports, NbdServerOptions Options, PayloadMemory Memory, TimeProvider Time);
