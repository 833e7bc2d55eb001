using System.CommandLine;

namespace Skep.Cli.Blocks;

/// <summary>What the verbs for log-structured volumes have in common.</summary>
internal static class VolumeArguments
{
    /// <summary><c>NAME</c>.</summary>
    public static Argument<string> Name() => new("NAME") { Description = "The volume's name in the store." };

    /// <summary>Calls back on the thread that reports, unlike <see cref="Progress{T}"/>, which would post to the pool in any order.</summary>
    public sealed class Reports<T>(Action<T> action) : IProgress<T>
    {
        /// <inheritdoc/>
        public void Report(T value) => action(value);
    }
}
