// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Datasets} from "./Datasets.sol";

/// @title Models, each bound to the one dataset it was trained on
abstract contract Models is Datasets {
    mapping(bytes32 modelVersion => Model) private _models;
    mapping(bytes32 leaf => bytes32 modelVersion) private _detections;

    /// @notice Registers a model version (the SHA-256 of its manifest) trained on `datasetRoot`.
    /// @dev Reverts unless that dataset is approved and not revoked: a model without a dataset somebody answers for
    /// cannot exist here.
    function registerModel(bytes32 modelVersion, bytes32 datasetRoot) external onlyRole(PUBLISHER_ROLE) {
        if (modelVersion == 0) revert DigestIsZero();
        if (_models[modelVersion].registeredAt != 0) revert ModelAlreadyRegistered(modelVersion);
        _requireApproved(datasetRoot);
        _models[modelVersion] = Model({
            datasetRoot: datasetRoot,
            publisher: msg.sender,
            registeredAt: uint48(block.timestamp),
            revokedAt: 0
        });
        emit ModelRegistered(modelVersion, datasetRoot, msg.sender);
    }

    /// @notice Withdraws a model for good, by its publisher or a guardian.
    function revokeModel(bytes32 modelVersion, string calldata reason) external {
        Model storage model = _models[modelVersion];
        if (model.registeredAt == 0) revert ModelUnknown(modelVersion);
        if (model.revokedAt != 0) revert ModelIsRevoked(modelVersion, model.revokedAt);
        _requireOwnerOrGuardian(model.publisher);
        model.revokedAt = uint48(block.timestamp);
        emit ModelRevoked(modelVersion, model.datasetRoot, msg.sender, reason);
    }

    /// @notice Puts one detection on chain by itself, for a reading that a decision leaned on.
    /// @dev A leaf is bound to one model for good: the same call again is a no-op, another model is refused. Whether
    /// the leaf also stands in a log is what an inclusion proof shows; a recorded leaf that no log holds is evidence
    /// of a dropped record.
    function recordDetection(
        bytes32 leaf,
        bytes32 modelVersion,
        bytes32 datasetRoot
    ) external onlyRole(RECORDER_ROLE) {
        if (leaf == 0) revert DigestIsZero();
        bytes32 recorded = _detections[leaf];
        if (recorded != 0 && recorded != modelVersion) revert DetectionBoundToOtherModel(leaf, recorded);
        bytes32 trainedOn = _datasetOfModel(modelVersion);
        if (trainedOn != datasetRoot) revert ModelTrainedOnOtherDataset(modelVersion, trainedOn, datasetRoot);
        if (recorded == modelVersion) return;
        Model storage model = _models[modelVersion];
        if (model.revokedAt != 0) revert ModelIsRevoked(modelVersion, model.revokedAt);
        _requireApproved(datasetRoot);
        _detections[leaf] = modelVersion;
        emit DetectionRecorded(leaf, modelVersion, datasetRoot, msg.sender);
    }

    /// @notice What is known of a model; all zero when it was never registered.
    function modelOf(bytes32 modelVersion) external view returns (Model memory) {
        return _models[modelVersion];
    }

    /// @notice Whether a reading of this model may be used now: registered, not revoked, its dataset not revoked.
    function isUsable(bytes32 modelVersion) external view returns (bool) {
        Model storage model = _models[modelVersion];
        return model.registeredAt != 0 && model.revokedAt == 0 && !_isRevoked(model.datasetRoot);
    }

    /// @notice The model version a leaf was recorded with, or zero.
    function detectionOf(bytes32 leaf) external view returns (bytes32 modelVersion) {
        return _detections[leaf];
    }

    /// @dev One storage read, the whole cost of a model in an anchor.
    function _requireRegistered(bytes32 modelVersion) internal view {
        _datasetOfModel(modelVersion);
    }

    /// @dev `approveDataset` refuses a zero root, so every registered model has one that is not zero.
    function _datasetOfModel(bytes32 modelVersion) private view returns (bytes32 datasetRoot) {
        datasetRoot = _models[modelVersion].datasetRoot;
        if (datasetRoot == 0) revert ModelUnknown(modelVersion);
    }
}
