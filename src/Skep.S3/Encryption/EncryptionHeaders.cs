using Microsoft.AspNetCore.Http;
using Skep.S3.Errors;
using Skep.S3.Requests;

namespace Skep.S3.Encryption;

/// <summary>The x-amz-server-side-encryption… headers (user guide, "Protecting data with server-side encryption").</summary>
internal static class EncryptionHeaders
{
    /// <summary>Which encryption; also the beginning of the names of all the others.</summary>
    public const string Algorithm = "x-amz-server-side-encryption";

    /// <summary>The KMS key: its id, alias or ARN.</summary>
    public const string KmsKeyId = Algorithm + "-aws-kms-key-id";

    /// <summary>The encryption context: base64 of a JSON object of texts.</summary>
    public const string Context = Algorithm + "-context";

    /// <summary>Whether S3 asks KMS less often.</summary>
    public const string BucketKeyEnabled = Algorithm + "-bucket-key-enabled";

    /// <summary>The beginning of the names of a customer's key's headers.</summary>
    public const string Customer = Algorithm + "-customer-";

    /// <summary>The same of the key of a copy's source.</summary>
    public const string CopySourceCustomer = "x-amz-copy-source-server-side-encryption-customer-";

    /// <summary>Whether a request says how to encrypt.</summary>
    public static bool AreGiven(S3Call call) => call.HeadersWith(Algorithm).Any();

    /// <summary>Refuses what says how to encrypt, where that is decided already; a customer's key is not meant.</summary>
    /// <exception cref="S3Exception">InvalidArgument, naming the header.</exception>
    public static void Refuse(S3Call call)
    {
        foreach (var (name, value) in call.HeadersWith(Algorithm))
        {
            if (!name.StartsWith(Customer, StringComparison.Ordinal))
                throw S3Errors.InvalidArgument(name, value, $"{name} header is not supported for this operation.");
        }
    }

    /// <summary>
    /// Refuses what says how to encrypt a part otherwise than its upload did. What says the same again is let pass, though S3
    /// refuses it: MinIO's clients send it to all servers but S3.
    /// </summary>
    /// <exception cref="S3Exception">InvalidArgument, naming the header.</exception>
    public static void RefuseOther(S3Call call, ObjectEncryption? encryption)
    {
        foreach (var (name, value) in call.HeadersWith(Algorithm))
        {
            var same = name switch
            {
                Algorithm => encryption?.Algorithm,
                KmsKeyId => encryption?.KmsKeyId,
                Context => encryption?.Context,
                BucketKeyEnabled => encryption is { BucketKeyEnabled: true } ? "true" : "false",
                _ => value,
            };
            // A key may be named by its id alone; what is kept is its ARN.
            if (value != same && !(name == KmsKeyId && same is not null && same.EndsWith("/" + value, StringComparison.Ordinal)))
                throw S3Errors.InvalidArgument(name, value, $"{name} header is not supported for this operation.");
        }
    }

    /// <summary>Says how an object is encrypted.</summary>
    public static void Write(IHeaderDictionary headers, ObjectEncryption? encryption, CustomerKey? customer)
    {
        if (encryption is { Algorithm: ObjectEncryption.S3 or ObjectEncryption.Kms })
        {
            headers[Algorithm] = encryption.Algorithm;
            if (encryption.KmsKeyId is { } key)
                headers[KmsKeyId] = key;
            if (encryption.BucketKeyEnabled)
                headers[BucketKeyEnabled] = "true";
        }
        else if (encryption is not null && customer is not null)
        {
            headers[Customer + "algorithm"] = ObjectEncryption.S3;
            headers[Customer + "key-MD5"] = customer.Md5;
        }
    }
}
