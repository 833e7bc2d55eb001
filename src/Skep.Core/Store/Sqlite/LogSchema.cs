using Skep.Sqlite;

namespace Skep.Core.Store.Sqlite;

/// <summary>The schema of the resource store's database.</summary>
internal static class LogSchema
{
    /// <summary>"Skep" in the file's header.</summary>
    public const int ApplicationId = 0x536b6570;

    /// <summary>Its scripts, in <c>Store/Migrations</c>.</summary>
    public static Migrations Migrations { get; } = new(typeof(LogSchema).Assembly, "Skep.Core.Store.Migrations.", ApplicationId);
}
