using Skep.Aws.Protocol;

namespace Skep.Aws.Dispatch;

/// <summary>What an operation came to.</summary>
/// <param name="Body">The inside of the answer's document.</param>
/// <param name="Response">The answer; null when it was remembered from an earlier request, or there is no output.</param>
internal sealed record Outcome(ByteBuffer Body, Structure? Response) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => Body.Dispose();
}
