using Skep.S3.Requests;

namespace Skep.S3.Routing;

/// <summary>What selects an operation.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="Level">What is addressed.</param>
/// <param name="SubResource">The query parameter that must be there; empty when none may be.</param>
/// <param name="IsCopy">Whether x-amz-copy-source must be there.</param>
internal readonly record struct S3Route(string Method, S3Level Level, string SubResource = "", bool IsCopy = false);
