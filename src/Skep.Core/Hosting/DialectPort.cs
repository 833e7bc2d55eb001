namespace Skep.Core.Hosting;

/// <summary>Says of a connection that it came by a port which one dialect has for itself (S3's port 9000).</summary>
/// <param name="Dialect">The dialect's name.</param>
public sealed record DialectPort(string Dialect);
