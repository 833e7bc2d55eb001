using Skep.Core.Resources;
using Skep.Storage.Stores;

namespace Skep.Storage.Kinds;

/// <summary>The rules of kind StoragePool.</summary>
internal static class StoragePoolRules
{
    private const long GibMax = 1_024;
    private const long StoreTimeoutSecondsMax = 999_999;

    public static IEnumerable<FieldError> Validate(StoragePool value, StoragePool? old)
    {
        var spec = value.Spec;
        if (spec.Class is not (StoragePoolClass.Local or StoragePoolClass.Log))
        {
            yield return new("spec.class", FieldErrorReason.NotSupported, $"\"{spec.Class}\" is neither {StoragePoolClass.Local} nor {StoragePoolClass.Log}");
            yield break;
        }

        if (spec.Path is { } path && (!System.IO.Path.IsPathFullyQualified(path) || path.Contains('\0', StringComparison.Ordinal)))
            yield return new("spec.path", FieldErrorReason.Invalid, $"\"{path}\" is no absolute path");
        if (spec.DefaultPool is { } pool && (value.Metadata.Name != StoragePool.DefaultName || pool is "" or StoragePool.DefaultName))
            yield return new("spec.defaultPool", FieldErrorReason.Forbidden, $"only the pool \"{StoragePool.DefaultName}\" names the pool of volumes that name none, and not itself");
        foreach (var error in CheckClass(spec))
            yield return error;
        if (old is null)
            yield break;
        if ((spec.Class, spec.Path, spec.Store) != (old.Spec.Class, old.Spec.Path, old.Spec.Store))
            yield return new("spec.class", FieldErrorReason.Forbidden, "what a pool is and where cannot be changed: volumes are there; make another pool");
    }

    private static IEnumerable<FieldError> CheckClass(StoragePoolSpec spec)
    {
        if (spec.Class == StoragePoolClass.Local)
        {
            if (spec.Store is not null || spec.LogGib is not null || spec.CacheGib is not null || spec.StoreTimeoutSeconds is not null || spec.Compress)
                yield return new("spec.store", FieldErrorReason.Forbidden, $"store, logGib, cacheGib, storeTimeoutSeconds and compress belong to pools of class {StoragePoolClass.Log}");
            yield break;
        }

        if (spec.Store is null)
            yield return new("spec.store", FieldErrorReason.Required, $"a pool of class {StoragePoolClass.Log} needs an object store");
        else if (ObjectStores.Check(spec.Store) is { } problem)
            yield return new("spec.store", FieldErrorReason.Invalid, problem);
        if (spec.LogGib is < 1 or > GibMax)
            yield return new("spec.logGib", FieldErrorReason.Invalid, $"1 to {GibMax}, not {spec.LogGib}");
        if (spec.CacheGib is < 0 or > GibMax)
            yield return new("spec.cacheGib", FieldErrorReason.Invalid, $"0 to {GibMax}, not {spec.CacheGib}");
        if (spec.StoreTimeoutSeconds is < 1 or > StoreTimeoutSecondsMax)
            yield return new("spec.storeTimeoutSeconds", FieldErrorReason.Invalid, $"1 to {StoreTimeoutSecondsMax}, not {spec.StoreTimeoutSeconds}");
    }
}
