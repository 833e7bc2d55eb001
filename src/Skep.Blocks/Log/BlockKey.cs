namespace Skep.Blocks.Log;

/// <summary>Names a block of a data object; objects never change, so neither does what the name stands for.</summary>
internal readonly record struct BlockKey(uint ObjectId, int Block);
