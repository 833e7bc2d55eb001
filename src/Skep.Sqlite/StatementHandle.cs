using System.Runtime.InteropServices;

namespace Skep.Sqlite;

/// <summary>Owns a <c>sqlite3_stmt*</c>.</summary>
internal sealed class StatementHandle() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        // Its result repeats the error of the last step, which was reported then.
        _ = Sqlite3.FinalizeStatement(handle);
        return true;
    }
}
