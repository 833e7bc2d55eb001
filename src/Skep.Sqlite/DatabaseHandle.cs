using System.Runtime.InteropServices;

namespace Skep.Sqlite;

/// <summary>Owns a <c>sqlite3*</c>.</summary>
internal sealed class DatabaseHandle() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    // close_v2 may be called with statements still open: the database goes when the last of them is finalized.
    protected override bool ReleaseHandle() => Sqlite3.Close(handle) == Sqlite3.Ok;
}
