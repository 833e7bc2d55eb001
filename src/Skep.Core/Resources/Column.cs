namespace Skep.Core.Resources;

/// <summary>
/// One column of Table output. <paramref name="Path"/> is a JSON path ("status.state", "spec.addresses[0].ip").
/// Columns with <paramref name="Wide"/> appear only with <c>-o wide</c>. <paramref name="Type"/> is an OpenAPI type:
/// "string", "integer", "boolean", or "date" (shown as an age).
/// </summary>
public sealed record Column(string Name, string Path, string Type = "string", bool Wide = false, string Description = "");
