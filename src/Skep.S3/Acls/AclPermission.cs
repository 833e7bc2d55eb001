namespace Skep.S3.Acls;

/// <summary>What a grant allows (user guide, "Access control list overview").</summary>
internal enum AclPermission
{
    /// <summary>Of a bucket: list it. Of an object: read it.</summary>
    Read,

    /// <summary>Of a bucket: make, replace and delete objects in it.</summary>
    Write,

    /// <summary>Read the list itself.</summary>
    ReadAcp,

    /// <summary>Write the list itself.</summary>
    WriteAcp,

    /// <summary>All of them.</summary>
    FullControl,
}
