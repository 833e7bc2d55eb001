using System.Reflection;

namespace Skep;

/// <summary>The version this program was built as.</summary>
internal static class ProductVersion
{
    /// <summary>"0.1.0", or with a suffix for what is not a release.</summary>
    public static string Text { get; } =
        typeof(ProductVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";
}
