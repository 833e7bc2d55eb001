namespace Skep.Aws.Protocol.Rest;

/// <summary>A request of a REST protocol, free of any HTTP library.</summary>
/// <param name="Method">Upper-case method.</param>
/// <param name="Path">The path as sent, still percent-encoded.</param>
/// <param name="Query">The query as sent, still percent-encoded, without the question mark.</param>
/// <param name="Header">The value of a header by its name in any case, or null.</param>
/// <param name="Body">The body.</param>
internal sealed record RestRequest(string Method, string Path, string Query, Func<string, string?> Header, ReadOnlyMemory<byte> Body);
