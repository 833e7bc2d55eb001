using Skep.Sqlite;

namespace Skep.Objects.Embedded;

/// <summary>The schema of the embedded store's database.</summary>
internal static class StoreSchema
{
    /// <summary>"SkOb" in the file's header.</summary>
    public const int ApplicationId = 0x536b4f62;

    /// <summary>Its scripts, in <c>Embedded/Migrations</c>.</summary>
    public static Migrations Migrations { get; } = new(typeof(StoreSchema).Assembly, "Skep.Objects.Embedded.Migrations.", ApplicationId);
}
