// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Roles} from "./Roles.sol";

/// @title Datasets that a custodian answers for
/// @dev An approval is final and so is a revocation: a root is approved once, by one custodian, and never twice.
abstract contract Datasets is Roles {
    bytes32 private constant APPROVAL_TYPEHASH =
        keccak256(
            "DatasetApproval(bytes32 datasetRoot,uint64 size,bytes32 manifestDigest,address custodian,uint256 deadline)"
        );

    mapping(bytes32 datasetRoot => Dataset) private _datasets;

    /// @notice Approves the dataset of `size` samples with Merkle root `datasetRoot`, described by the manifest whose
    /// SHA-256 is `manifestDigest`. Anybody may send the custodian's signature; the custodian pays no gas.
    function approveDataset(
        bytes32 datasetRoot,
        uint64 size,
        bytes32 manifestDigest,
        address custodian,
        uint256 deadline,
        bytes calldata signature
    ) external {
        if (datasetRoot == 0 || manifestDigest == 0) revert DigestIsZero();
        if (size == 0) revert DatasetEmpty(datasetRoot);
        if (_datasets[datasetRoot].approvedAt != 0) revert DatasetAlreadyApproved(datasetRoot);
        _checkRole(CUSTODIAN_ROLE, custodian);
        bytes32 structHash = keccak256(
            abi.encode(APPROVAL_TYPEHASH, datasetRoot, size, manifestDigest, custodian, deadline)
        );
        _requireSignature(custodian, structHash, deadline, signature);
        _datasets[datasetRoot] = Dataset({
            custodian: custodian,
            size: size,
            approvedAt: uint32(block.timestamp),
            manifestDigest: manifestDigest,
            revokedAt: 0
        });
        emit DatasetApproved(datasetRoot, custodian, manifestDigest, size);
    }

    /// @notice Withdraws an approval for good, with the reason in the event. Models trained on it are unusable from
    /// this block on; what they said before stays on record.
    function revokeDataset(bytes32 datasetRoot, string calldata reason) external {
        Dataset storage dataset = _datasets[datasetRoot];
        _requireApproved(datasetRoot);
        _requireOwnerOrGuardian(dataset.custodian);
        dataset.revokedAt = uint64(block.timestamp);
        emit DatasetRevoked(datasetRoot, msg.sender, reason);
    }

    /// @notice What is known of a dataset; all zero when it was never approved.
    function datasetOf(bytes32 datasetRoot) external view returns (Dataset memory) {
        return _datasets[datasetRoot];
    }

    function _requireApproved(bytes32 datasetRoot) internal view {
        Dataset storage dataset = _datasets[datasetRoot];
        if (dataset.approvedAt == 0) revert DatasetUnknown(datasetRoot);
        if (dataset.revokedAt != 0) revert DatasetIsRevoked(datasetRoot, dataset.revokedAt);
    }

    function _isRevoked(bytes32 datasetRoot) internal view returns (bool) {
        return _datasets[datasetRoot].revokedAt != 0;
    }
}
